"""The pace of a provider's recipients, and which runs wait for it.

Revision ID: 0060
Revises: 0059
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "paused", "unconfirmed", "deleted", "invalid_address", "no_smtputf8", "too_late"),
    *("too_many", "render_error", "retries_ran_out", "counted_as_accepted", "proven_by_report", "owner", "disabled"),
    *("manager", "blocked", "mailing_deleted", "ended", "window", "no_catcher"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.create_table(
        "recipient_paces",
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("per_minute", sa.Integer()),
        sa.Column("learned_per_minute", sa.Float()),
        sa.Column("heard_at", sa.DateTime(timezone=True)),
        sa.Column("heard", sa.String(length=300), server_default="", nullable=False),
        sa.Column("rest_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True)),
        sa.Column("next_free", sa.DateTime(timezone=True)),
        sa.CheckConstraint("per_minute BETWEEN 1 AND 100000", name=op.f("ck_recipient_paces_rule_is_sane")),
        sa.CheckConstraint("learned_per_minute > 0", name=op.f("ck_recipient_paces_learned_is_positive")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recipient_paces")),
    )
    op.create_table(
        "run_holds",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_holds_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_holds")),
    )
    _allow([*REASONS, "paced"])


def downgrade() -> None:
    """Those who wait for a pace wait without a reason."""
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = NULL WHERE reason = 'paced'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    _allow(REASONS)
    op.drop_table("run_holds")
    op.drop_table("recipient_paces")
