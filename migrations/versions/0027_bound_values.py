"""Values that an approval holds for, with the people of a run.

Revision ID: 0027
Revises: 0026
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("bound_values", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "bound_values")
