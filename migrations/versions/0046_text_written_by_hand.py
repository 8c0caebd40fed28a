"""For what a message's plain text was written: it is flagged when the letter changes.

Revision ID: 0046
Revises: 0045
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("text_written_for", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "text_written_for")
