"""The calendar of a mailing in columns that a person can read; wall-clock times are those of `timezone`."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, DateTime, SmallInteger, String, Time
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailer.days_off import OwnersDaysOff
from mailer.models.types import text_enum
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import LAST, MonthlyOn, Period, Rule, ShortMonth
from mailer.recurrence.window import EVERY_DAY, Window

CHECKS = (
    CheckConstraint("every BETWEEN 1 AND 999", name="every_is_sane"),
    CheckConstraint("weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[]", name="weekdays_are_iso"),
    CheckConstraint("months <@ ARRAY[1,2,3,4,5,6,7,8,9,10,11,12]::smallint[]", name="months_are_months"),
    CheckConstraint(
        "31 >= ALL (month_days) AND -28 <= ALL (month_days) AND 0 <> ALL (month_days)", name="month_days_are_days"
    ),
    CheckConstraint(
        "23 >= ALL (month_weeks) AND -23 <= ALL (month_weeks) AND 0 <> ALL (month_weeks)",
        name="month_weeks_are_ordinals",
    ),
    CheckConstraint("month_weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[]", name="month_weekdays_are_iso"),
    CheckConstraint("(period = 'dates') = (cardinality(dates_local) > 0)", name="dates_when_listed"),
    CheckConstraint("month_day BETWEEN 1 AND 31", name="month_day_is_sane"),
    CheckConstraint("month_week IN (1, 2, 3, 4, -1)", name="month_week_is_sane"),
    CheckConstraint("month_weekday BETWEEN 1 AND 7", name="month_weekday_is_iso"),
    CheckConstraint("run_limit BETWEEN 1 AND 1000", name="run_limit_is_sane"),
    CheckConstraint(
        "holiday_rule = 'ignore' OR holiday_country IS NOT NULL OR weekends_are_off", name="holidays_have_a_country"
    ),
    CheckConstraint("(window_opens IS NULL) = (window_closes IS NULL)", name="window_opens_and_closes"),
    CheckConstraint(
        "window_weekdays <@ ARRAY[1,2,3,4,5,6,7]::smallint[] AND cardinality(window_weekdays) > 0",
        name="window_has_a_day",
    ),
    CheckConstraint("late_limit_minutes >= 0", name="late_limit_is_not_negative"),
)


class MonthDays(StrEnum):
    """`MonthlyOn` as it is stored, with two words of versions before, which new rows say in numbers."""

    DAY = "day"
    WEEKDAY = "weekday"
    WORKING_DAY = "working_day"
    LAST_DAY = "last_day"  # day -1
    LAST_WORKING_DAY = "last_working_day"  # working day -1


class CalendarRule:
    """When and how often. A mailing mixes this in; `rule` and `window` say it to `mailer.recurrence`."""

    period: Mapped[Period] = mapped_column(text_enum(Period, "period"))
    every: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")  # days, weeks or months
    starts_local: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    also_at: Mapped[list[time]] = mapped_column(ARRAY(Time), default=list, server_default="{}")
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list, server_default="{}")  # 1 = Monday
    months: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list, server_default="{}")  # only in these
    monthly_on: Mapped[MonthDays] = mapped_column(
        text_enum(MonthDays, "monthly_on"), default=MonthDays.DAY, server_default="day"
    )
    # Empty: what the start says. From -1 back: counted from the end.
    month_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list, server_default="{}")
    month_weeks: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list, server_default="{}")
    month_weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list, server_default="{}")
    short_month: Mapped[ShortMonth] = mapped_column(
        text_enum(ShortMonth, "short_month"), default=ShortMonth.LAST, server_default="last"
    )
    dates_local: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=False)), default=list, server_default="{}"
    )
    # Read where the lists are empty: a version before wrote them. To be dropped after the next release.
    month_day: Mapped[int | None] = mapped_column(SmallInteger)
    month_week: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    month_weekday: Mapped[int | None] = mapped_column(SmallInteger)
    ends_local: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    run_limit: Mapped[int | None] = mapped_column(SmallInteger)
    exception_dates: Mapped[list[date]] = mapped_column(ARRAY(Date), default=list, server_default="{}")
    timezone: Mapped[str] = mapped_column(String(64))
    # at that time in each client's own zone; in `timezone` for whose zone is not known
    in_waves: Mapped[bool] = mapped_column(default=False, server_default="false")
    holiday_country: Mapped[str | None] = mapped_column(String(3))  # ISO code, or `own`
    holiday_subdivision: Mapped[str | None] = mapped_column(String(20))  # a state or province of it
    holiday_rule: Mapped[HolidayRule] = mapped_column(
        text_enum(HolidayRule, "holiday_rule"), default=HolidayRule.IGNORE, server_default="ignore"
    )
    weekends_are_off: Mapped[bool] = mapped_column(default=False, server_default="false")  # bent as holidays are
    window_opens: Mapped[time | None] = mapped_column(Time)
    window_closes: Mapped[time | None] = mapped_column(Time)  # not later than it opens: the next day
    window_weekdays: Mapped[list[int]] = mapped_column(
        ARRAY(SmallInteger), default=lambda: list(EVERY_DAY), server_default="{1,2,3,4,5,6,7}"
    )
    window_skips_holidays: Mapped[bool] = mapped_column(default=False, server_default="false")
    late_limit_minutes: Mapped[int | None]  # NULL: half the time to the next moment, at most 12 hours

    def days_off(self) -> OwnersDaysOff | None:
        """The holidays that the calendar looks at."""
        raise NotImplementedError

    @property
    def rule(self) -> Rule:
        """The calendar rule."""
        return rule_of(self)

    @property
    def window(self) -> Window | None:
        """The sending hours; None when mails may leave at any time."""
        return window_of(self)


def rule_of(source: Any) -> Rule:
    """The rule that the columns of `source` (a mailing, or a calendar typed so far) mean; RuleError when none."""
    return Rule(
        Period(source.period),
        source.starts_local,
        source.timezone,
        source.ends_local,
        every=source.every or 1,
        weekdays=tuple(source.weekdays or ()),
        months=tuple(source.months or ()),
        short_month=ShortMonth(source.short_month or ShortMonth.LAST),
        dates=tuple(sorted(set(source.dates_local or ()))),
        also_at=tuple(source.also_at or ()),
        run_limit=source.run_limit,
        skipped_count=getattr(source, "skipped_count", 0) or 0,
        exceptions=frozenset(source.exception_dates or ()),
        holiday_rule=HolidayRule(source.holiday_rule or HolidayRule.IGNORE),
        weekends_are_off=bool(source.weekends_are_off),
        days_off=source.days_off(),
        **days_of_month(source),
    )


def days_of_month(source: Any) -> dict[str, Any]:
    """`monthly_on` and the lists that belong to it, whichever version wrote them."""
    kind = MonthDays(source.monthly_on or MonthDays.DAY)
    days, weeks, weekdays = (tuple(getattr(source, f"month_{name}") or ()) for name in ("days", "weeks", "weekdays"))
    if kind is MonthDays.LAST_DAY:
        return {"monthly_on": MonthlyOn.DAY, "month_days": (LAST,), "month_weeks": (), "month_weekdays": ()}
    if kind is MonthDays.LAST_WORKING_DAY:
        return {
            "monthly_on": MonthlyOn.WORKING_DAY, "month_days": (), "month_weeks": (LAST,), "month_weekdays": (),
        }  # fmt: skip
    if kind is MonthDays.DAY and not days and getattr(source, "month_day", None):
        days = (source.month_day,)
    if kind is MonthDays.WEEKDAY and not weeks:
        weeks = (getattr(source, "month_week", None) or 1,)
        weekdays = weekdays or ((source.month_weekday,) if getattr(source, "month_weekday", None) else ())
    return {"monthly_on": MonthlyOn(kind), "month_days": days, "month_weeks": weeks, "month_weekdays": weekdays}


def window_of(source: Any) -> Window | None:
    """The sending hours that the columns of `source` mean."""
    weekdays = tuple(source.window_weekdays or EVERY_DAY)
    if source.window_opens is None and len(weekdays) == len(EVERY_DAY) and not source.window_skips_holidays:
        return None
    days_off = source.days_off() if source.window_skips_holidays else None
    return Window(source.timezone, source.window_opens, source.window_closes, weekdays, days_off)
