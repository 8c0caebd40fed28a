"""The language a client reads and the zone they live in.

Revision ID: 0062
Revises: 0060
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A constant default is kept beside the table: no row is rewritten."""
    op.add_column("clients", sa.Column("language", sa.String(length=8), server_default="", nullable=False))
    op.add_column("clients", sa.Column("timezone", sa.String(length=64), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("clients", "timezone")
    op.drop_column("clients", "language")
