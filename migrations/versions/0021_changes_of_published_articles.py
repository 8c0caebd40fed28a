"""A change to a published article lies beside it until it is approved.

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STATES = ("draft", "awaiting", "published", "rejected")


def upgrade() -> None:
    op.add_column("blog_posts", sa.Column("change", postgresql.JSONB(), nullable=True))
    state = sa.Enum(*STATES, name="change_status", native_enum=False, create_constraint=False, length=32)
    op.add_column("blog_posts", sa.Column("change_status", state, nullable=True))
    listed = ", ".join(f"'{state}'" for state in STATES)
    op.create_check_constraint(op.f("ck_blog_posts_change_status"), "blog_posts", f"change_status IN ({listed})")
    op.create_check_constraint(
        op.f("ck_blog_posts_change_of_a_published_one"),
        "blog_posts",
        "(change_status IS NULL AND change IS NULL) OR (change IS NOT NULL AND change_status <> 'published' "
        "AND status = 'published')",
    )


def downgrade() -> None:
    """Changes that nobody has decided about are lost."""
    op.drop_column("blog_posts", "change_status")
    op.drop_column("blog_posts", "change")
