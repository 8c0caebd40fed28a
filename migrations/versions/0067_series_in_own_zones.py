"""Series whose times of day are those of each client's own zone.

Revision ID: 0067
Revises: 0066
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("series", sa.Column("in_own_zones", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("series", "in_own_zones")
