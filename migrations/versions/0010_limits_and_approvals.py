"""How much an account may send in a day, and approvals before sending.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STOP_REASONS = ["owner", "disabled", "blocked", "deleted", "ended", "overlap", "nobody"]
NEW_STOP_REASONS = ["missed", "limit", "unapproved"]


def _allow(reasons: list[str]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.execute("ALTER TABLE runs DROP CONSTRAINT IF EXISTS ck_runs_stop_reason")
    op.execute(f"ALTER TABLE runs ADD CONSTRAINT ck_runs_stop_reason CHECK (stop_reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.add_column("users", sa.Column("daily_limit", sa.Integer(), nullable=True))
    op.add_column("users", sa.Column("needs_approval", sa.Boolean(), server_default="false", nullable=False))
    op.create_check_constraint(op.f("ck_users_daily_limit_is_not_negative"), "users", "daily_limit >= 0")
    _allow(STOP_REASONS + NEW_STOP_REASONS)
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked", "approved", "rejected", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_approvals_decided_has_a_moment")),
        sa.CheckConstraint(
            "(state = 'rejected') = (reason IS NOT NULL)", name=op.f("ck_approvals_rejected_has_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_approvals_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_approvals_decided_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "mailing_id"],
            ["mailings.owner_id", "mailings.id"],
            name=op.f("fk_approvals_owner_id_mailing_id_mailings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("mailing_id", "fingerprint", name=op.f("uq_approvals_mailing_id_fingerprint")),
    )
    op.create_index(op.f("ix_approvals_asked_at"), "approvals", ["asked_at"])


def downgrade() -> None:
    op.drop_table("approvals")
    op.execute("UPDATE runs SET stop_reason = 'overlap' WHERE stop_reason IN ('limit', 'unapproved')")
    _allow([*STOP_REASONS, "missed"])
    op.drop_constraint(op.f("ck_users_daily_limit_is_not_negative"), "users")
    op.drop_column("users", "needs_approval")
    op.drop_column("users", "daily_limit")
