"""One run moved by hand, and a ceiling of emails to one person.

Revision ID: 0042
Revises: 0041
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "manager", "blocked", "mailing_deleted", "ended", "window"),
    *("no_catcher", "proven_by_report"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.add_column("mailings", sa.Column("moved_from_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_mailings_what_was_moved_is_to_come"), "mailings", "moved_from_at IS NULL OR next_run_at IS NOT NULL"
    )
    for name in ("daily", "weekly"):
        column = f"person_{name}_ceiling"
        op.add_column("users", sa.Column(column, sa.SmallInteger(), nullable=True))
        op.create_check_constraint(op.f(f"ck_users_{name}_ceiling_is_sane"), "users", f"{column} BETWEEN 1 AND 100")
    _allow([*REASONS, "too_many"])


def downgrade() -> None:
    """A moved run is planned for its time and no other; those who had enough count as suppressed."""
    op.drop_column("mailings", "moved_from_at")
    for name in ("daily", "weekly"):
        op.drop_column("users", f"person_{name}_ceiling")
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'suppressed' WHERE reason = 'too_many'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    op.execute("UPDATE run_tallies SET reason = 'suppressed' WHERE reason = 'too_many'")
    _allow(REASONS)
