"""Runs that a manager approved: they count for nothing when it is asked whom an owner reached without approval.

Revision ID: 0033
Revises: 0032
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("is_approved", sa.Boolean(), server_default="false", nullable=False))
    # Only the last 24 hours are looked at.
    op.execute(
        "UPDATE runs r SET is_approved = true WHERE created_at > now() - interval '25 hours' AND EXISTS "
        "(SELECT FROM approvals a WHERE a.mailing_id = r.mailing_id AND a.state = 'approved')"
    )


def downgrade() -> None:
    op.drop_column("runs", "is_approved")
