"""Former links end after two years: those due are found without reading all.

Revision ID: 0029
Revises: 0028
Create Date: 2026-11-30
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows come in the order of their time: some bytes for every megabyte of them.
    op.create_index("ix_former_links_gone", "former_links", ["gone_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_former_links_gone", table_name="former_links")
