"""When and how often, as an owner asks for it in the form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _

from mailer.days_off import Change, OwnersDaysOff
from mailer.errors import Refusal
from mailer.models.calendar_rule import rule_of, window_of
from mailer.models.mailing import Mailing
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import end_at, next_moment, resolve
from mailer.recurrence.rule import FIRST_YEAR, LAST_YEAR, MOST_RUNS, MonthlyOn, Period, Rule, RuleError, zone_named
from mailer.recurrence.window import EVERY_DAY, Window


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
    every: int = 1
    also_at: tuple[time, ...] = ()
    weekdays: tuple[int, ...] = ()
    monthly_on: MonthlyOn = MonthlyOn.DAY
    month_day: int | None = None
    month_week: int = 1
    month_weekday: int | None = None
    run_limit: int | None = None
    exception_dates: tuple[date, ...] = ()
    holiday_country: str | None = None
    holiday_rule: HolidayRule = HolidayRule.IGNORE
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
        days_off = mailing.days_off()
        return cls(**values, changes=days_off.changes if days_off else frozenset(), language=language)

    def apply_to(self, mailing: Mailing) -> None:
        """Write every column."""
        for name in COLUMNS:
            value: Any = getattr(self, name)
            setattr(mailing, name, list(value) if isinstance(value, tuple) else value)

    def days_off(self) -> OwnersDaysOff | None:
        """The holidays that it looks at."""
        return OwnersDaysOff(self.holiday_country, self.changes, self.language) if self.holiday_country else None

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
        if window is not None and window.opening(now) is None:
            raise FormRefusal({"window_weekdays": _("With these sending hours no email would ever leave.")})
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


COLUMNS = tuple(each.name for each in fields(Calendar) if each.name not in ("changes", "language"))


def _reasons(code: str, calendar: Calendar) -> dict[str, str]:
    years = _("Choose a year from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
    is_start_sane = FIRST_YEAR <= calendar.starts_local.year <= LAST_YEAR
    return {
        "unknown_zone": {"timezone": _("There is no such time zone.")},
        "ends_before_it_starts": {"ends_at": _("The end must be later than the start.")},
        "every": {"every": _("Choose a number from 1 to 999.")},
        "run_limit": {"run_limit": _("Choose a number from 1 to %(most)s.", most=MOST_RUNS)},
        "month_day": {"month_day": _("Choose a day from 1 to 31.")},
    }.get(code, {"ends_at" if is_start_sane else "starts_at": years})
