"""A run that is refused too often pauses by itself, and says why.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reason = sa.Enum("refusals", name="pause_reason", native_enum=False, create_constraint=True, length=32)
    op.add_column("runs", sa.Column("pause_reason", reason, nullable=True))
    op.add_column("runs", sa.Column("tolerates_refusals", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("runs", "tolerates_refusals")
    op.drop_column("runs", "pause_reason")
