"""Blog: approval with a reason, tags, language, former addresses, versions, soft deletion. Clients: their alphabetical order.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NEW_COLUMNS = (
    "language", "tags", "image_alt", "submitted_at", "rejection_reason", "decided_by_id", "decided_at", "deleted_at",
    "version",
)  # fmt: skip


def upgrade() -> None:
    """Columns with defaults: a version of the program from before goes on working."""
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("language", sa.String(length=2), server_default="ru", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.String(length=50)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("image_alt", sa.String(length=300), server_default="", nullable=False),
        sa.Column("submitted_at", moment, nullable=True),
        sa.Column("rejection_reason", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("deleted_at", moment, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    ):
        op.add_column("blog_posts", column)
    op.create_foreign_key(
        "fk_blog_posts_decided_by_id_users", "blog_posts", "users", ["decided_by_id"], ["id"], ondelete="SET NULL"
    )
    op.execute("UPDATE blog_posts SET rejection_reason = '—' WHERE status = 'rejected'")
    op.create_check_constraint(
        op.f("ck_blog_posts_rejection_has_a_reason"), "blog_posts", "status <> 'rejected' OR rejection_reason <> ''"
    )
    op.create_table(
        "former_slugs",
        sa.Column("slug", sa.String(length=220), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["blog_posts.id"], name=op.f("fk_former_slugs_post_id_blog_posts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_former_slugs")),
    )
    op.create_index("ix_former_slugs_post_id", "former_slugs", ["post_id"])
    op.create_index(
        "ix_clients_owner_alphabetical",
        "clients",
        [
            "owner_id",
            sa.text("translate(lower(last_name), 'ё', 'е')"),
            sa.text("translate(lower(first_name), 'ё', 'е')"),
            "id",
        ],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them again; articles deleted softly become drafts."""
    op.drop_index("ix_clients_owner_alphabetical", "clients")
    op.drop_table("former_slugs")
    op.drop_constraint(op.f("ck_blog_posts_rejection_has_a_reason"), "blog_posts", type_="check")
    op.drop_constraint("fk_blog_posts_decided_by_id_users", "blog_posts", type_="foreignkey")
    op.execute("UPDATE blog_posts SET status = 'draft' WHERE deleted_at IS NOT NULL")
    for name in NEW_COLUMNS:
        op.drop_column("blog_posts", name)
