"""An uncertain mail that a person has looked at has arrived.

Revision ID: 0065
Revises: 0062
Create Date: 2026-11-30
"""

from alembic import op

revision = "0065"
down_revision = "0062"
branch_labels = None
depends_on = None

REASONS = [
    *("unsubscribed", "suppressed", "paused", "unconfirmed", "deleted", "invalid_address", "no_smtputf8", "too_late"),
    *("too_many", "render_error", "retries_ran_out", "counted_as_accepted", "paced", "proven_by_report", "owner"),
    *("disabled", "manager", "blocked", "mailing_deleted", "ended", "window", "no_catcher"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    _allow([*REASONS, "proven_by_click"])


def downgrade() -> None:
    """They are accepted as if the owner had said so."""
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER USER")
    op.execute("UPDATE deliveries SET reason = 'counted_as_accepted' WHERE reason = 'proven_by_click'")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER USER")
    _allow(REASONS)
