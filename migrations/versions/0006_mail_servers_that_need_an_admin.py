"""A mail server that refuses our login, or whose certificate is wrong, is told about to the admins.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_servers", sa.Column("needs_admin_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mail_servers", sa.Column("admins_told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("mail_servers", "admins_told_at")
    op.drop_column("mail_servers", "needs_admin_since")
