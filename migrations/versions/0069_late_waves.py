"""When it was said of a wave that it is late, or was left out.

Revision ID: 0069
Revises: 0074
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waves", sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True))
    # What was left out before anybody was told of it is no news.
    op.execute("UPDATE waves SET alarmed_at = now() WHERE is_too_late")
    op.create_index(
        "ix_waves_left_out_in_silence",
        "waves",
        ["run_id", "number"],
        postgresql_where=sa.text("is_too_late AND alarmed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_waves_left_out_in_silence", "waves")
    op.drop_column("waves", "alarmed_at")
