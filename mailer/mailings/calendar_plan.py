"""When and how often, as an owner asks for it in the form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _

from mailer.days_off import Change, OwnersDaysOff
from mailer.errors import Refusal
from mailer.models.calendar_rule import MonthDays, days_of_month, rule_of, window_of
from mailer.models.mailing import Mailing
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import end_at, next_moment, resolve
from mailer.recurrence.rule import (
    FIRST_YEAR,
    LAST_YEAR,
    MOST_RUNS,
    MonthlyOn,
    Period,
    Rule,
    RuleError,
    ShortMonth,
    zone_named,
)
from mailer.recurrence.window import EVERY_DAY, Window

MOST_DAYS_COUNTED = 1830  # each costs some microseconds whenever its runs are counted anew


class FormRefusal(Refusal):
    """Fields that make no sense together: `reasons` by field name, sentences for the person."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Calendar:
    """The columns of `CalendarRule`; wall-clock moments of the zone."""

    period: Period
    starts_local: datetime
    ends_local: datetime | None
    timezone: str
    in_waves: bool = False
    every: int = 1
    also_at: tuple[time, ...] = ()
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    monthly_on: MonthlyOn = MonthlyOn.DAY
    month_days: tuple[int, ...] = ()
    month_weeks: tuple[int, ...] = ()
    month_weekdays: tuple[int, ...] = ()
    short_month: ShortMonth = ShortMonth.LAST
    dates_local: tuple[datetime, ...] = ()
    run_limit: int | None = None
    exception_dates: tuple[date, ...] = ()
    holiday_country: str | None = None
    holiday_subdivision: str | None = None
    holiday_rule: HolidayRule = HolidayRule.IGNORE
    weekends_are_off: bool = False
    window_opens: time | None = None
    window_closes: time | None = None
    window_weekdays: tuple[int, ...] = EVERY_DAY
    window_skips_holidays: bool = False
    late_limit_minutes: int | None = None
    changes: frozenset[Change] = field(default=frozenset(), compare=False)  # the owner's, to the country's holidays
    language: str = field(default="en", compare=False)  # of the holidays' names

    @classmethod
    def of(cls, mailing: Mailing, language: str = "en") -> Calendar:
        """A mailing's own calendar."""
        values = {name: getattr(mailing, name) for name in COLUMNS}
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        values |= days_of_month(mailing)
        days_off = mailing.days_off()
        return cls(**values, changes=days_off.changes if days_off else frozenset(), language=language)

    def apply_to(self, mailing: Mailing) -> None:
        """Write every column, and empty those that versions before wrote."""
        mailing.month_day, mailing.month_week, mailing.month_weekday = None, 1, None
        for name in COLUMNS:
            value: Any = getattr(self, name)
            setattr(mailing, name, list(value) if isinstance(value, tuple) else value)
        mailing.monthly_on = MonthDays(self.monthly_on)

    def days_off(self) -> OwnersDaysOff | None:
        """The holidays that it looks at."""
        if self.holiday_country is None:
            return None
        return OwnersDaysOff(self.holiday_country, self.changes, self.language, self.holiday_subdivision)

    def rule(self) -> Rule:
        """The rule; FormRefusal with the reason beside the field when it is none."""
        try:
            return rule_of(self)
        except RuleError as error:
            raise FormRefusal(_reasons(error.code, self)) from error

    def window(self) -> Window | None:
        """The sending hours."""
        return window_of(self)

    def require_ahead(self, now: datetime) -> None:
        """FormRefusal unless something of the calendar lies ahead of `now`, and its sending hours open some day."""
        rule, window = self.rule(), self.window()
        if rule.run_limit is not None and _days_since(rule, now) > MOST_DAYS_COUNTED:
            raise FormRefusal(
                {"starts_at": _("A number of runs is counted over five years at most: choose a later start.")}
            )
        if window is not None and window.opening(now) is None:
            raise FormRefusal({"window_weekdays": _("With these sending hours no email would ever be sent.")})
        if self.period is not Period.ONCE and next_moment(rule, now) is None and self._never_fires(rule):
            raise FormRefusal({"period": _("No day fits this rule: nothing would ever be sent.")})
        ends_at = end_at(self.ends_local, self.timezone)
        if ends_at is not None and ends_at <= now:
            raise FormRefusal(
                {
                    "starts_at": _("The start and the end have both passed."),
                    "ends_at": _("The end has passed: nothing would ever be sent."),
                }
            )

    def _never_fires(self, rule: Rule) -> bool:
        return next_moment(rule, resolve(datetime(FIRST_YEAR, 1, 1), zone_named(self.timezone)).at) is None  # noqa: DTZ001


def _days_since(rule: Rule, now: datetime) -> int:
    """About how many days the rule has fired on."""
    passed = (now.replace(tzinfo=None) - rule.first).days
    return passed // (rule.every * {Period.DAILY: 1, Period.WEEKLY: 1}.get(rule.period, 15))


def require_known_year(year: int) -> None:
    """ValueError, in words, for a year that no calendar here knows: some have no moment in every zone."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(_known_years())


def _known_years() -> str:
    return _("Choose a year from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)


COLUMNS = tuple(each.name for each in fields(Calendar) if each.name not in ("changes", "language"))


def _reasons(code: str, calendar: Calendar) -> dict[str, str]:
    is_start_sane = FIRST_YEAR <= calendar.starts_local.year <= LAST_YEAR
    return {
        "unknown_zone": {"timezone": _("There is no such time zone.")},
        "ends_before_it_starts": {"ends_at": _("The end must be later than the start.")},
        "every": {"every": _("Choose a number from 1 to 999.")},
        "run_limit": {"run_limit": _("Choose a number from 1 to %(most)s.", most=MOST_RUNS)},
        "month_days": {"month_days": _("Choose days from 1 to 31, or “last”.")},
        "month_weeks": {"month_weeks": _("There is no such day in any month.")},
        "dates": {"dates": _("Enter at least one date.")},
    }.get(code, {"ends_at" if is_start_sane else "starts_at": _known_years()})
