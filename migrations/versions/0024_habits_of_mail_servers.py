"""What conversations with a mail server have taught is remembered for all workers.

Revision ID: 0024
Revises: 0023
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COLUMNS = {
    "pace": sa.Float(),
    "paced_at": sa.DateTime(timezone=True),
    "refuses_riding_since": sa.DateTime(timezone=True),
    "size_limit": sa.BigInteger(),
    "takes_smtputf8": sa.Boolean(),
    "met_at": sa.DateTime(timezone=True),
}
REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "blocked", "mailing_deleted", "ended", "window", "no_catcher"),
]


def _allow(reasons: list[str]) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT IF EXISTS ck_deliveries_reason")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_reason CHECK (reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    _allow([*REASONS, "no_smtputf8"])
    for name, kind in COLUMNS.items():
        op.add_column("mail_servers", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    op.execute("UPDATE deliveries SET reason = 'invalid_address' WHERE reason = 'no_smtputf8'")
    _allow(REASONS)
    for name in reversed(COLUMNS):
        op.drop_column("mail_servers", name)
