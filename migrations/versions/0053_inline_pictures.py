"""Whether a message's pictures travel inside its mails.

Revision ID: 0053
Revises: 0052
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("inlines_pictures", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("messages", "inlines_pictures")
