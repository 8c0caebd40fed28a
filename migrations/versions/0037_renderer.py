"""How a message's HTML becomes a mail: what was saved before goes on leaving as it did.

Revision ID: 0037
Revises: 0036
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("renderer", sa.SmallInteger(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("messages", "renderer")
