"""The whole calendar: every kind of rule, sending hours, holidays, punctuality, feeds and the one true instance.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STOP_REASONS = ["owner", "disabled", "blocked", "deleted", "ended", "overlap", "nobody"]
REASONS = [
    "unsubscribed", "suppressed", "deleted", "invalid_address", "render_error", "retries_ran_out",
    "counted_as_accepted", "owner", "disabled", "blocked", "mailing_deleted", "ended",
]  # fmt: skip
MAILING_CHECKS = {
    "every_is_sane": "every BETWEEN 1 AND 999",
    "weekdays_are_iso": "weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[]",
    "month_day_is_sane": "month_day BETWEEN 1 AND 31",
    "month_week_is_sane": "month_week IN (1, 2, 3, 4, -1)",
    "month_weekday_is_iso": "month_weekday BETWEEN 1 AND 7",
    "run_limit_is_sane": "run_limit BETWEEN 1 AND 1000",
    "holidays_have_a_country": "holiday_rule = 'ignore' OR holiday_country IS NOT NULL",
    "window_opens_and_closes": "(window_opens IS NULL) = (window_closes IS NULL)",
    "window_has_a_day": "window_weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[] AND cardinality(window_weekdays) > 0",
    "late_limit_is_not_negative": "late_limit_minutes >= 0",
}
MAILING_COLUMNS = [
    sa.Column("every", sa.SmallInteger(), server_default="1", nullable=False),
    sa.Column("also_at", postgresql.ARRAY(sa.Time()), server_default="{}", nullable=False),
    sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), server_default="{}", nullable=False),
    sa.Column("monthly_on", sa.String(32), server_default="day", nullable=False),
    sa.Column("month_day", sa.SmallInteger(), nullable=True),
    sa.Column("month_week", sa.SmallInteger(), server_default="1", nullable=False),
    sa.Column("month_weekday", sa.SmallInteger(), nullable=True),
    sa.Column("run_limit", sa.SmallInteger(), nullable=True),
    sa.Column("exception_dates", postgresql.ARRAY(sa.Date()), server_default="{}", nullable=False),
    sa.Column("holiday_country", sa.String(3), nullable=True),
    sa.Column("holiday_rule", sa.String(32), server_default="ignore", nullable=False),
    sa.Column("window_opens", sa.Time(), nullable=True),
    sa.Column("window_closes", sa.Time(), nullable=True),
    sa.Column("window_weekdays", postgresql.ARRAY(sa.SmallInteger()), server_default="{1,2,3,4,5,6,7}", nullable=False),
    sa.Column("window_skips_holidays", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("late_limit_minutes", sa.Integer(), nullable=True),
    sa.Column("calendar_since", sa.DateTime(timezone=True), nullable=True),
]
RUN_COLUMNS = ["due_at", "window_opens_at", "window_closes_at", "alarmed_at"]


def _one_of(column: str, values: list[str]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _replace_check(table: str, name: str, column: str, values: list[str]) -> None:
    """Rows written before keep to the narrower one; a large table is not read through."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({_one_of(column, values)}) NOT VALID")


def upgrade() -> None:
    for column in MAILING_COLUMNS:
        op.add_column("mailings", column.copy())
    for name, condition in MAILING_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_mailings_{name}"), "mailings", condition)
    op.create_check_constraint(
        op.f("ck_mailings_monthly_on"),
        "mailings",
        _one_of("monthly_on", ["day", "last_day", "weekday", "last_working_day"]),
    )
    op.create_check_constraint(
        op.f("ck_mailings_holiday_rule"), "mailings", _one_of("holiday_rule", ["ignore", "skip", "before", "after"])
    )
    # What is on the calendar from now on is promised; what came before it is history.
    op.execute("UPDATE mailings SET calendar_since = now() WHERE completed_at IS NULL")
    for name in RUN_COLUMNS:
        op.add_column("runs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE runs SET alarmed_at = now() WHERE closed_at IS NULL")
    op.create_index(
        "ix_runs_missed_in_silence", "runs", ["mailing_id"],
        postgresql_where=sa.text("stop_reason = 'missed' AND alarmed_at IS NULL"),
    )  # fmt: skip
    _replace_check("runs", "stop_reason", "stop_reason", [*STOP_REASONS, "missed"])
    _replace_check("deliveries", "reason", "reason", [*REASONS, "window"])
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "holiday_changes",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_holiday_changes_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", "country", "day", name=op.f("pk_holiday_changes")),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_calendar_feeds_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("number", name=op.f("uq_calendar_feeds_number")),
    )
    op.create_table(
        "instances",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.UUID(), nullable=False),
        sa.Column("cluster", sa.String(32), nullable=False),
        sa.Column("database", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(254), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_instances_there_is_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
    )


def downgrade() -> None:
    for table in ("instances", "calendar_feeds", "holiday_changes"):
        op.drop_table(table)
    # What only the newer words can say is said in the nearest older ones.
    op.execute("UPDATE runs SET stop_reason = 'overlap' WHERE stop_reason = 'missed'")
    op.execute("UPDATE deliveries SET reason = 'ended' WHERE reason = 'window'")
    _replace_check("runs", "stop_reason", "stop_reason", STOP_REASONS)
    _replace_check("deliveries", "reason", "reason", REASONS)
    op.drop_index("ix_runs_missed_in_silence", table_name="runs")
    for name in RUN_COLUMNS:
        op.drop_column("runs", name)
    for column in MAILING_COLUMNS:
        op.drop_column("mailings", column.name)
