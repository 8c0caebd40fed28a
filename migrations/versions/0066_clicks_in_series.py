"""Series whose emails count clicks and opens.

Revision ID: 0066
Revises: 0065
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None
NAMES = ("counts_clicks", "counts_opens")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("series", sa.Column(name, sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    for name in NAMES:
        op.drop_column("series", name)
