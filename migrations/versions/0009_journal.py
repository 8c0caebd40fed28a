"""The journal: append-only by trigger.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ACTIONS = (
    "signed-in", "sign-in-refused", "signed-out", "registered", "password-changed", "email-changed",
    "second-factor-on", "second-factor-off", "sessions-ended", "erased", "viewed", "changed", "deleted", "imported",
    "exported", "sent", "stopped", "denied", "not-found", "blocked", "unblocked", "role-changed", "limit-changed",
    "disabled", "enabled", "approval-asked", "approved", "rejected",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "action",
            sa.Enum(*ACTIONS, name="action", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("request_id", sa.String(12), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"])
    op.create_index("ix_journal_actor_at", "journal", ["actor_id", "at"])
    op.create_index("ix_journal_subject", "journal", ["subject", "at"])
    op.execute(
        "CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'check_violation'; END $$"
    )
    for name, event in (("rows", "UPDATE OR DELETE"), ("whole", "TRUNCATE")):
        op.execute(
            f"CREATE TRIGGER journal_keeps_its_{name} BEFORE {event} ON journal FOR EACH STATEMENT "
            "EXECUTE FUNCTION journal_is_append_only()"
        )


def downgrade() -> None:
    op.drop_table("journal")
    op.execute("DROP FUNCTION journal_is_append_only()")
