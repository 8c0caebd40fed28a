"""Runs that always move: sample accounts, moments that a brake held back, people stopped by an end sent to again.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STOP_REASONS = [
    *("owner", "disabled", "blocked", "deleted", "ended"),
    *("overlap", "nobody", "missed", "limit", "unapproved"),
]
REASONS = [
    *("unsubscribed", "suppressed", "deleted", "invalid_address", "render_error", "retries_ran_out"),
    *("counted_as_accepted", "owner", "disabled", "blocked", "mailing_deleted", "ended", "window"),
]
# As `deliveries_moved` has it since revision 0002; a move from *stopped* is new.
STOPPED_MAY_WAIT = "o.state = 'stopped' AND NOT (n.state = 'waiting' AND o.reason IN ('ended', 'window'))"
MOVES_BEFORE = "o.state IN ('accepted', 'excluded', 'stopped')"
MOVES_SINCE = f"o.state IN ('accepted', 'excluded') OR {STOPPED_MAY_WAIT}"
REPLACE_IN_FUNCTION = """
    DO $do$ DECLARE definition text; BEGIN
        SELECT pg_get_functiondef('deliveries_moved()'::regprocedure) INTO definition;
        IF position($old${before}$old$ IN definition) = 0 THEN
            RAISE EXCEPTION 'deliveries_moved() is not as this migration knows it';
        END IF;
        EXECUTE replace(definition, $old${before}$old$, $new${after}$new$);
    END $do$
"""


def _allow(table: str, column: str, values: list[str]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")


def upgrade() -> None:
    op.add_column("users", sa.Column("is_sample", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE users SET is_sample = true WHERE lower(email) LIKE '%@golub.localhost'")
    _allow("runs", "stop_reason", [*STOP_REASONS, "brake", "no_catcher"])
    _allow("deliveries", "reason", [*REASONS, "no_catcher"])
    op.execute(REPLACE_IN_FUNCTION.format(before=MOVES_BEFORE, after=MOVES_SINCE))
    op.add_column("mailings", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("unblocked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """What was left out for a brake counts as missed, what was stopped without a catcher as stopped by its owner."""
    op.drop_column("users", "unblocked_at")
    op.drop_column("mailings", "released_at")
    op.execute(REPLACE_IN_FUNCTION.format(before=MOVES_SINCE, after=MOVES_BEFORE))
    op.execute("UPDATE runs SET stop_reason = 'missed', alarmed_at = now() WHERE stop_reason = 'brake'")
    op.execute("UPDATE runs SET stop_reason = 'owner' WHERE stop_reason = 'no_catcher'")
    op.execute("UPDATE deliveries SET reason = 'owner' WHERE reason = 'no_catcher'")
    _allow("deliveries", "reason", REASONS)
    _allow("runs", "stop_reason", STOP_REASONS)
    op.drop_column("users", "is_sample")
