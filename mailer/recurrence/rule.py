"""What repeats: a period, a first wall-clock moment, a zone, and everything that bends or ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.recurrence.holidays import DaysOff, HolidayRule

FIRST_YEAR, LAST_YEAR = 1970, 2199
MOST_EVERY = 999
MOST_RUNS = 1000
# In zone databases for machines: a placeholder, the host's own zone, copies with leap seconds and without.
NOT_ZONES = ("Factory", "localtime", "posixrules", "right/", "posix/")
LAST = -1  # the last day, week or working day of a month
MOST_DATES = 200


class Period(StrEnum):
    """What is counted."""

    ONCE = "once"
    DATES = "dates"  # a list of them
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class MonthlyOn(StrEnum):
    """Which days of a month."""

    DAY = "day"  # by number
    WEEKDAY = "weekday"  # the first … fifth or last ones of the month
    WORKING_DAY = "working_day"  # the n-th ones of the month


class ShortMonth(StrEnum):
    """What becomes of the 29th to 31st where the month has none."""

    LAST = "last"  # its last day stands in
    SKIP = "skip"  # nothing happens in that month


class RuleError(ValueError):
    """A rule that means nothing.

    `code` is `unknown_zone`, `not_local`, `out_of_range`, `ends_before_it_starts`, `every`, `weekdays`, `months`,
    `month_days`, `month_weeks`, `dates` or `run_limit`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rule:
    """A calendar rule. `first` and `until` are wall-clock times in `zone`; nothing fires before `first`, nor at or
    after `until`, nor more than `run_limit` times; of its moments `skipped_count` came to nothing and do not count.

    `every`: the n of "every n days, weeks, months or years". `weekdays`: ISO numbers, of a weekly rule; none means that
    of `first`. `months`: it fires in these only; none means all, for a yearly rule that of `first`. A monthly or yearly
    rule looks at `monthly_on`: at `month_days` (from -1 back: from the end) or at `month_weeks`, which are the
    ordinals of `month_weekdays` or of working days. Each of these left empty is that of `first`, an ordinal 1.
    `also_at`: more times of the same days. `dates`: all moments of a list, the first of them `first`.
    `weekends_are_off`: weekends are bent by `holiday_rule` as holidays are, where the rule names no weekdays.
    """

    period: Period
    first: datetime
    zone: str
    until: datetime | None = None
    every: int = 1
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    monthly_on: MonthlyOn = MonthlyOn.DAY
    month_days: tuple[int, ...] = ()
    month_weeks: tuple[int, ...] = ()
    month_weekdays: tuple[int, ...] = ()
    short_month: ShortMonth = ShortMonth.LAST
    dates: tuple[datetime, ...] = ()
    also_at: tuple[time, ...] = ()
    run_limit: int | None = None
    exceptions: frozenset[date] = frozenset()
    holiday_rule: HolidayRule = HolidayRule.IGNORE
    weekends_are_off: bool = False
    days_off: DaysOff | None = None
    skipped_count: int = 0
    times: list[time] = field(init=False, repr=False, compare=False)  # of a day on which it fires, in order, each once
    _listed: dict[date, list[time]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise RuleError for what is not a rule."""
        zone_named(self.zone)
        for moment in (self.first, self.until):
            if moment is None:
                continue
            if moment.tzinfo is not None:
                raise RuleError("not_local")
            if not FIRST_YEAR <= moment.year <= LAST_YEAR:
                raise RuleError("out_of_range")
        if self.until is not None and self.until <= self.first:
            raise RuleError("ends_before_it_starts")
        self._check_numbers()
        object.__setattr__(self, "times", sorted({self.first.time(), *self.also_at}))
        listed: dict[date, list[time]] = {}
        for at in sorted(set(self.dates)):
            listed.setdefault(at.date(), []).append(at.time())
        object.__setattr__(self, "_listed", listed)

    def _check_numbers(self) -> None:
        if not 1 <= self.every <= MOST_EVERY:
            raise RuleError("every")
        if any(not 1 <= weekday <= 7 for weekday in (*self.weekdays, *self.month_weekdays)):
            raise RuleError("weekdays")
        if any(not 1 <= month <= 12 for month in self.months):
            raise RuleError("months")
        if any(not (1 <= day <= 31 or -28 <= day <= -1) for day in self.month_days):
            raise RuleError("month_days")
        most = 5 if self.monthly_on is MonthlyOn.WEEKDAY else 23
        if any(not 1 <= abs(week) <= most for week in self.month_weeks):
            raise RuleError("month_weeks")
        if (self.period is Period.DATES) != bool(self.dates) or len(self.dates) > MOST_DATES:
            raise RuleError("dates")
        if self.run_limit is not None and not 1 <= self.run_limit <= MOST_RUNS:
            raise RuleError("run_limit")

    def times_of(self, day: date) -> list[time]:
        """The times at which it fires on a day that it names, in order."""
        return self._listed.get(day, []) if self.dates else self.times

    @property
    def names_weekdays(self) -> bool:
        """Whether it says which weekday, or a working day, it fires on."""
        return self.period is Period.WEEKLY or (
            self.period in (Period.MONTHLY, Period.YEARLY) and self.monthly_on is not MonthlyOn.DAY
        )

    @property
    def minds_weekends(self) -> bool:
        """Whether weekends are bent as holidays are."""
        return self.weekends_are_off and not self.names_weekdays

    @property
    def is_by_working_day(self) -> bool:
        """Whether it names days of a month by counting working days."""
        return self.period in (Period.MONTHLY, Period.YEARLY) and self.monthly_on is MonthlyOn.WORKING_DAY

    @property
    def moves(self) -> bool:
        """Whether a moment may land on another day than the rule names."""
        is_off = self.days_off is not None or self.minds_weekends
        return is_off and self.holiday_rule in (HolidayRule.BEFORE, HolidayRule.AFTER)


@lru_cache(maxsize=1024)
def zone_named(key: str) -> ZoneInfo:
    """The zone of an IANA key such as `Europe/Moscow`; RuleError `unknown_zone` for anything else."""
    if key.startswith(NOT_ZONES):
        raise RuleError("unknown_zone")
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError) as error:  # unknown, a path outside the database, a folder
        raise RuleError("unknown_zone") from error
