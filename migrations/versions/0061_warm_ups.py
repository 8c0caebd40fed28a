"""Sending domains that are warmed up, and the places of a day that a slice's holder has in hand.

Revision ID: 0061
Revises: 0068
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0061"
down_revision = "0068"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "paused", "unconfirmed", "deleted", "invalid_address", "no_smtputf8", "too_late"),
    *("too_many", "render_error", "retries_ran_out", "counted_as_accepted", "proven_by_report", "owner", "disabled"),
    *("manager", "blocked", "mailing_deleted", "ended", "window", "no_catcher", "paced", "proven_by_click"),
]
STEPS = ("start", "grown", "unused", "bounces", "complaints", "halved", "held", "warm")


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.create_table(
        "warm_ups",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("domain", sa.String(length=254), nullable=False),
        sa.Column("owner_id", sa.BigInteger()),
        sa.Column("start_count", sa.Integer(), nullable=False),
        sa.Column("growth_percent", sa.Integer(), nullable=False),
        sa.Column("target_count", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("start_count BETWEEN 10 AND 100000", name=op.f("ck_warm_ups_start_is_sane")),
        sa.CheckConstraint("growth_percent BETWEEN 5 AND 100", name=op.f("ck_warm_ups_growth_is_sane")),
        sa.CheckConstraint("target_count BETWEEN start_count AND 1000000", name=op.f("ck_warm_ups_target_is_sane")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_warm_ups_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warm_ups")),
    )
    op.create_index(op.f("ix_warm_ups_owner_id"), "warm_ups", ["owner_id"])
    op.create_index(
        "uq_warm_ups_going", "warm_ups", ["domain"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    _create_days()
    op.add_column("run_holds", sa.Column("warm_up_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_run_holds_warm_up_id_warm_ups"), "run_holds", "warm_ups", ["warm_up_id"], ["id"], ondelete="SET NULL"
    )
    op.add_column("slices", sa.Column("places", postgresql.JSONB(astext_type=sa.Text())))
    _allow([*REASONS, "warming"])


def _create_days() -> None:
    counts = ("used_count", "refused_count", "bounced_count", "complained_count")
    listed = ", ".join(f"'{step}'" for step in STEPS)
    op.create_table(
        "warm_up_days",
        sa.Column("warm_up_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ceiling", sa.Integer()),
        sa.Column("step", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in counts),
        sa.Column("heard_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("ceiling > 0", name=op.f("ck_warm_up_days_ceiling_is_positive")),
        sa.CheckConstraint("(ceiling IS NULL) = (step = 'warm')", name=op.f("ck_warm_up_days_warm_has_no_ceiling")),
        sa.CheckConstraint("used_count >= 0", name=op.f("ck_warm_up_days_used_is_no_debt")),
        sa.CheckConstraint(f"step IN ({listed})", name=op.f("ck_warm_up_days_step")),
        sa.ForeignKeyConstraint(
            ["warm_up_id"], ["warm_ups.id"], name=op.f("fk_warm_up_days_warm_up_id_warm_ups"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("warm_up_id", "name", "day", name=op.f("pk_warm_up_days")),
    )


def downgrade() -> None:
    """Those who wait for the next day wait without a reason."""
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = NULL WHERE reason = 'warming'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    _allow(REASONS)
    op.drop_column("slices", "places")
    op.drop_column("run_holds", "warm_up_id")
    op.drop_table("warm_up_days")
    op.drop_table("warm_ups")
