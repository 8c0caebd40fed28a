"""The page of a series' people, of whom there may be a million.

Revision ID: 0068
Revises: 0063
Create Date: 2026-11-30
"""

from alembic import op

revision = "0068"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enrolments_moved", "enrolments", ["series_id", "moved_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_enrolments_moved", "enrolments")
