"""Rules as people say them: several days of a month, only some months, each year, lists of dates; weekends and provinces.

Rows stay as they are: the former columns are read where the new lists are empty.

Revision ID: 0041
Revises: 0040
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

LISTS = ("months", "month_days", "month_weeks", "month_weekdays")
CHECKS = {
    "months_are_months": "months <@ ARRAY[1,2,3,4,5,6,7,8,9,10,11,12]::smallint[]",
    "month_days_are_days": "31 >= ALL (month_days) AND -28 <= ALL (month_days) AND 0 <> ALL (month_days)",
    "month_weeks_are_ordinals": "23 >= ALL (month_weeks) AND -23 <= ALL (month_weeks) AND 0 <> ALL (month_weeks)",
    "month_weekdays_are_iso": "month_weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[]",
    "dates_when_listed": "(period = 'dates') = (cardinality(dates_local) > 0)",
    "short_month": "short_month IN ('last', 'skip')",
}
WIDER = {
    "period": (
        "period IN ('once', 'daily', 'weekly', 'monthly')",
        "period IN ('once', 'dates', 'daily', 'weekly', 'monthly', 'yearly')",
    ),
    "monthly_on": (
        "monthly_on IN ('day', 'last_day', 'weekday', 'last_working_day')",
        "monthly_on IN ('day', 'weekday', 'working_day', 'last_day', 'last_working_day')",
    ),
    "holidays_have_a_country": (
        "holiday_rule = 'ignore' OR holiday_country IS NOT NULL",
        "holiday_rule = 'ignore' OR holiday_country IS NOT NULL OR weekends_are_off",
    ),
}


def upgrade() -> None:
    for name in LISTS:
        op.add_column(
            "mailings", sa.Column(name, postgresql.ARRAY(sa.SmallInteger()), server_default="{}", nullable=False)
        )
    op.add_column(
        "mailings", sa.Column("dates_local", postgresql.ARRAY(sa.DateTime()), server_default="{}", nullable=False)
    )
    op.add_column("mailings", sa.Column("short_month", sa.String(32), server_default="last", nullable=False))
    op.add_column("mailings", sa.Column("weekends_are_off", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("mailings", sa.Column("holiday_subdivision", sa.String(20), nullable=True))
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_mailings_{name}"), "mailings", condition)
    for name, (_narrower, wider) in WIDER.items():
        op.drop_constraint(op.f(f"ck_mailings_{name}"), "mailings")
        op.create_check_constraint(op.f(f"ck_mailings_{name}"), "mailings", wider)


def downgrade() -> None:
    # What only the newer words can say fires no more: a rule that is near would send at times that nobody asked for.
    op.execute(
        "UPDATE mailings SET period = 'once', monthly_on = 'day', paused_at = coalesce(paused_at, now()), "
        "completed_at = coalesce(completed_at, now()), next_run_at = NULL, next_run_local = NULL "
        "WHERE period IN ('dates', 'yearly') OR cardinality(months) > 0 OR cardinality(month_days) > 0 "
        "OR cardinality(month_weeks) > 0 OR weekends_are_off OR short_month = 'skip' OR monthly_on = 'working_day'"
    )
    op.execute("UPDATE mailings SET holiday_rule = 'ignore' WHERE holiday_country IS NULL")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_mailings_{name}"), "mailings")
    for name, (narrower, _wider) in WIDER.items():
        op.drop_constraint(op.f(f"ck_mailings_{name}"), "mailings")
        op.create_check_constraint(op.f(f"ck_mailings_{name}"), "mailings", narrower)
    for name in (*LISTS, "dates_local", "short_month", "weekends_are_off", "holiday_subdivision"):
        op.drop_column("mailings", name)
