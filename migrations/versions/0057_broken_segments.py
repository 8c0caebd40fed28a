"""Since when a segment in use cannot be used, and its owner knows.

Revision ID: 0057
Revises: 0056
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_filters", sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("client_filters", "broken_at")
