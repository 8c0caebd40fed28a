"""A run whose calendar was changed after its moment, and before it began, is left out with that reason.

Revision ID: 0034
Revises: 0033
Create Date: 2026-11-30
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

STOP_REASONS = [
    *("owner", "disabled", "blocked", "deleted", "ended", "overlap", "nobody", "missed", "limit", "unapproved"),
    *("brake", "no_catcher", "manager"),
]


def _allow(values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute("ALTER TABLE runs DROP CONSTRAINT IF EXISTS ck_runs_stop_reason")
    op.execute(f"ALTER TABLE runs ADD CONSTRAINT ck_runs_stop_reason CHECK (stop_reason IN ({listed})) NOT VALID")


def upgrade() -> None:
    _allow([*STOP_REASONS, "changed"])


def downgrade() -> None:
    """Such a run counts as one that was held back."""
    op.execute("UPDATE runs SET stop_reason = 'brake' WHERE stop_reason = 'changed'")
    _allow(STOP_REASONS)
