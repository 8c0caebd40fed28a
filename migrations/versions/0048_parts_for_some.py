"""Whom parts of a message are for.

Revision ID: 0048
Revises: 0047
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("conditions", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "conditions")
