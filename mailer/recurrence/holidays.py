"""Days off, as a rule asks about them: it knows neither countries nor tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

WEEKEND = frozenset({6, 7})  # ISO weekdays, where no calendar says another
LONGEST_HOLIDAYS = 60  # days that a moment is moved at most, in search of a working day


class HolidayRule(StrEnum):
    """What becomes of a moment on a holiday."""

    IGNORE = "ignore"  # it stays
    SKIP = "skip"  # it is left out
    BEFORE = "before"  # it moves to the working day before
    AFTER = "after"  # it moves to the working day after


class DaysOff(Protocol):
    """A calendar of holidays; values, so that two alike are equal."""

    def holiday(self, day: date) -> str | None:
        """The name of the holiday, in whatever language the calendar speaks; None on other days."""

    def is_weekend(self, day: date) -> bool:
        """Whether the day is one of the weekend there: Friday and Saturday in Israel."""

    def is_worked(self, day: date) -> bool:
        """Whether a day of the weekend is a working day this time."""


def is_working_day(day: date, days_off: DaysOff | None) -> bool:
    """No weekend and no holiday, or a weekend that is worked."""
    if days_off is None:
        return day.isoweekday() not in WEEKEND
    if days_off.holiday(day) is not None:
        return False
    return not days_off.is_weekend(day) or days_off.is_worked(day)


def nearest_working_day(day: date, step: int, is_working: Callable[[date], bool]) -> date:
    """The first working day from `day` on, walking by `step` (1 or -1); `day` itself when there is none near."""
    for distance in range(LONGEST_HOLIDAYS):
        found = day + timedelta(days=distance * step)
        if is_working(found):
            return found
    return day
