"""Mailings only to those who confirmed that they want them.

Revision ID: 0059
Revises: 0058
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "no_smtputf8", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "manager", "blocked", "mailing_deleted", "ended", "window"),
    *("no_catcher", "proven_by_report", "too_many", "too_late", "paused"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.add_column("users", sa.Column("only_confirmed", sa.Boolean(), server_default="false", nullable=False))
    _allow([*REASONS, "unconfirmed"])


def downgrade() -> None:
    """Who had not confirmed counts as left out where a run was made meanwhile."""
    op.drop_column("users", "only_confirmed")
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'suppressed' WHERE reason = 'unconfirmed'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    op.execute("UPDATE run_tallies SET reason = 'suppressed' WHERE reason = 'unconfirmed'")
    _allow(REASONS)
