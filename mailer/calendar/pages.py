"""Months and weeks as pages of a calendar; days begin at midnight of the reader's zone, weeks on Monday."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.calendar.entries import CalendarEntry
from mailer.recurrence.moments import resolve

FIRST, LAST = date(1970, 1, 5), date(2199, 12, 1)


class View(StrEnum):
    """How much stands on a page."""

    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """The days `first` to `last` (whole weeks); `of` is the day the page was opened for."""

    view: View
    of: date
    first: date
    last: date

    @classmethod
    def around(cls, view: View, day: date) -> CalendarPage:
        """The page that `day` stands on."""
        day = min(max(day, FIRST), LAST)
        if view is View.WEEK:
            monday = day - timedelta(days=day.weekday())
            return cls(view, day, monday, monday + timedelta(days=6))
        first, last = day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        return cls(view, day, first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday()))

    @property
    def before(self) -> date:
        """A day of the page before."""
        return self.of.replace(day=1) - timedelta(days=1) if self.view is View.MONTH else self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        """A day of the page after."""
        if self.view is View.WEEK:
            return self.last + timedelta(days=1)
        return self.of.replace(day=monthrange(self.of.year, self.of.month)[1]) + timedelta(days=1)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when on and before when, aware."""
        ends = (self.first, self.last + timedelta(days=1))
        start, end = (resolve(datetime.combine(day, time.min), zone).at.astimezone(UTC) for day in ends)
        return start, end

    def days(self, entries: list[CalendarEntry], zone: ZoneInfo) -> list[Day]:
        """Every day of the page with what stands on it."""
        by_day: dict[date, list[CalendarEntry]] = {}
        for entry in entries:
            by_day.setdefault(entry.at.astimezone(zone).date(), []).append(entry)
        count = (self.last - self.first).days + 1
        every = [self.first + timedelta(days=index) for index in range(count)]
        is_month = self.view is View.MONTH
        return [Day(day, by_day.get(day, []), is_month and day.month != self.of.month) for day in every]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a page; `is_outside` the month that the page is about."""

    day: date
    entries: list[CalendarEntry]
    is_outside: bool
