"""Runs that were open in a backup wait for their owners, and the moment that the data are of is known.

Revision ID: 0028
Revises: 0027
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def _allow(*reasons: str) -> None:
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.execute("ALTER TABLE runs DROP CONSTRAINT IF EXISTS ck_runs_pause_reason")
    op.execute(f"ALTER TABLE runs ADD CONSTRAINT ck_runs_pause_reason CHECK (pause_reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    _allow("refusals", "restored")
    op.add_column("instances", sa.Column("data_of", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Runs that wait for their owners are as if these had paused them."""
    op.drop_column("instances", "data_of")
    op.execute("UPDATE runs SET pause_reason = NULL WHERE pause_reason = 'restored'")
    _allow("refusals")
