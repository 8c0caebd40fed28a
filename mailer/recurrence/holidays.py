"""Days off, as a rule asks about them: it knows neither countries nor tables."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

SATURDAY = 6  # ISO weekday
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

    def is_worked(self, day: date) -> bool:
        """Whether a Saturday or Sunday is a working day this time."""


def is_working_day(day: date, days_off: DaysOff | None) -> bool:
    """Monday to Friday without holidays, and weekends that are worked."""
    if days_off is not None and days_off.holiday(day) is not None:
        return False
    return day.isoweekday() < SATURDAY or (days_off is not None and days_off.is_worked(day))


def nearest_working_day(day: date, step: int, days_off: DaysOff | None) -> date:
    """The first working day from `day` on, walking by `step` (1 or -1); `day` itself when there is none near."""
    for distance in range(LONGEST_HOLIDAYS):
        found = day + timedelta(days=distance * step)
        if is_working_day(found, days_off):
            return found
    return day
