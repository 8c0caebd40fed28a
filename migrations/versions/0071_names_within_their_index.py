"""The order of a list by name holds the names: a page in its middle is found in the index alone.

Revision ID: 0071
Revises: 0061
Create Date: 2026-12-01
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0061"
branch_labels = None
depends_on = None

NAME, NEW = "ix_clients_owner_alphabetical", "ix_clients_owner_alphabetical_new"
ORDER = [
    "owner_id",
    sa.text("translate(lower(last_name), 'ё', 'е')"),
    sa.text("translate(lower(first_name), 'ё', 'е')"),
    "id",
]


def upgrade() -> None:
    _replace(postgresql_include=["last_name", "first_name"])


def downgrade() -> None:
    _replace()


def _replace(**values: Any) -> None:
    op.create_index(NEW, "clients", ORDER, postgresql_where=sa.text("deleted_at IS NULL"), **values)
    op.drop_index(NAME, "clients")
    op.execute(f"ALTER INDEX {NEW} RENAME TO {NAME}")
