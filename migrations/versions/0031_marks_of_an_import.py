"""Which import marked an address as not to be written to: undoing the import takes that back.

Revision ID: 0031
Revises: 0030
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("suppressions", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_suppressions_import_id_client_imports"),
        "suppressions",
        "client_imports",
        ["import_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_suppressions_import", "suppressions", ["import_id"], postgresql_where=sa.text("import_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_suppressions_import", table_name="suppressions")
    op.drop_constraint(op.f("fk_suppressions_import_id_client_imports"), "suppressions", type_="foreignkey")
    op.drop_column("suppressions", "import_id")
