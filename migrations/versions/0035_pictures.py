"""The library of pictures.

Revision ID: 0035
Revises: 0034
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("extension", sa.String(length=3), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("alt", sa.String(length=300), server_default="", nullable=False),
        sa.Column("is_decorative", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("extension IN ('jpg', 'png', 'gif')", name=op.f("ck_pictures_extension")),
        sa.CheckConstraint("width > 0 AND height > 0 AND size > 0", name=op.f("ck_pictures_has_a_size")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_pictures_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("owner_id", "digest", name=op.f("uq_pictures_owner_id_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pictures_public_id")),
    )
    op.create_index("ix_pictures_digest", "pictures", ["digest"], unique=False)


def downgrade() -> None:
    op.drop_table("pictures")
