"""What repeats: a period, a first wall-clock moment, a zone, and everything that bends or ends it."""

from __future__ import annotations

from dataclasses import dataclass
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
LAST = -1  # the last week or working day of a month


class Period(StrEnum):
    """What is counted."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class MonthlyOn(StrEnum):
    """Which day of a month."""

    DAY = "day"  # of a number; the last one where the month is shorter
    LAST_DAY = "last_day"
    WEEKDAY = "weekday"  # the first … fourth or last one of the month
    LAST_WORKING_DAY = "last_working_day"


class RuleError(ValueError):
    """A rule that means nothing.

    `code` is `unknown_zone`, `not_local`, `out_of_range`, `ends_before_it_starts`, `every`, `weekdays`, `month_day`,
    `month_week` or `run_limit`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rule:
    """A calendar rule. `first` and `until` are wall-clock times in `zone`; nothing fires before `first`, nor at or
    after `until`, nor more than `run_limit` times; of its moments `skipped_count` came to nothing and do not count.

    `every`: the n of "every n days, weeks or months". `weekdays`: ISO numbers, of a weekly rule; none means that of
    `first`. A monthly rule looks at `monthly_on` and what belongs to it. `also_at`: more times of the same days.
    """

    period: Period
    first: datetime
    zone: str
    until: datetime | None = None
    every: int = 1
    weekdays: tuple[int, ...] = ()
    monthly_on: MonthlyOn = MonthlyOn.DAY
    month_day: int | None = None  # None: that of `first`
    month_week: int = 1  # 1 … 4, or LAST
    month_weekday: int | None = None  # None: that of `first`
    also_at: tuple[time, ...] = ()
    run_limit: int | None = None
    exceptions: frozenset[date] = frozenset()
    holiday_rule: HolidayRule = HolidayRule.IGNORE
    days_off: DaysOff | None = None
    skipped_count: int = 0

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

    def _check_numbers(self) -> None:
        if not 1 <= self.every <= MOST_EVERY:
            raise RuleError("every")
        if any(not 1 <= weekday <= 7 for weekday in (*self.weekdays, self.month_weekday or 1)):
            raise RuleError("weekdays")
        if not 1 <= (self.month_day or 1) <= 31:
            raise RuleError("month_day")
        if self.month_week not in (1, 2, 3, 4, LAST):
            raise RuleError("month_week")
        if self.run_limit is not None and not 1 <= self.run_limit <= MOST_RUNS:
            raise RuleError("run_limit")

    @property
    def times(self) -> list[time]:
        """The times of a day on which it fires, in order, each once."""
        return sorted({self.first.time(), *self.also_at})

    @property
    def moves_for_holidays(self) -> bool:
        """Whether a moment may land on another day than the rule names."""
        return self.holiday_rule in (HolidayRule.BEFORE, HolidayRule.AFTER)


@lru_cache(maxsize=1024)
def zone_named(key: str) -> ZoneInfo:
    """The zone of an IANA key such as `Europe/Moscow`; RuleError `unknown_zone` for anything else."""
    if key.startswith(NOT_ZONES):
        raise RuleError("unknown_zone")
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError) as error:  # unknown, a path outside the database, a folder
        raise RuleError("unknown_zone") from error
