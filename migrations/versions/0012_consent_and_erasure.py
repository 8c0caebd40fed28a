"""When and to which text somebody agreed; accounts on their way out.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("consent_version", sa.String(32), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("data_erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_users_to_erase",
        "users",
        ["id"],
        postgresql_where=sa.text("erased_at IS NOT NULL AND data_erased_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_users_to_erase", "users")
    for column in ("data_erased_at", "erased_at", "consent_version", "consented_at"):
        op.drop_column("users", column)
