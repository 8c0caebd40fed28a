"""A manager can stop one run, with a reason that its owner reads.

Revision ID: 0030
Revises: 0029
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

STOP_REASONS = [
    *("owner", "disabled", "blocked", "deleted", "ended", "overlap", "nobody", "missed", "limit", "unapproved"),
    *("brake", "no_catcher"),
]
REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "blocked", "mailing_deleted", "ended", "window", "no_catcher"),
]


def _allow(table: str, column: str, values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")


def upgrade() -> None:
    _allow("runs", "stop_reason", [*STOP_REASONS, "manager"])
    _allow("deliveries", "reason", [*REASONS, "manager"])
    op.add_column("runs", sa.Column("stop_note", sa.String(500), nullable=True))


def downgrade() -> None:
    """What a manager stopped counts as switched off; those people cannot be told apart from others any more."""
    op.drop_column("runs", "stop_note")
    op.execute("UPDATE runs SET stop_reason = 'disabled' WHERE stop_reason = 'manager'")
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'disabled' WHERE reason = 'manager'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    op.execute("UPDATE run_tallies SET reason = 'disabled' WHERE reason = 'manager'")
    _allow("runs", "stop_reason", STOP_REASONS)
    _allow("deliveries", "reason", REASONS)
