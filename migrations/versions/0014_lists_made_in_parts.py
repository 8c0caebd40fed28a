"""A run's list is made in parts: how many of those chosen are not on it yet.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CHECKS = {
    "unlisted_is_not_negative": "unlisted_count >= 0",
    "closed_leaves_nobody_unlisted": "closed_at IS NULL OR unlisted_count = 0",
}


def upgrade() -> None:
    op.add_column("runs", sa.Column("unlisted_count", sa.Integer(), server_default="0", nullable=False))
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_runs_{name}"), "runs", condition)


def downgrade() -> None:
    """People still to be listed stay without a delivery: the program of before knows nothing of them."""
    op.drop_column("runs", "unlisted_count")
