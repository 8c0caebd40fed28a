"""Which mail server an attempt went through; unknown for those made before.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("attempts", sa.Column("transport", sa.String(length=100), nullable=True))


def downgrade():
    op.drop_column("attempts", "transport")
