"""Sending hours: when mails may leave, on the wall clock of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailer.recurrence.holidays import DaysOff
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import zone_named

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
LOOKED_AHEAD = 400  # days; a window that does not open within them never does


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening, in which mails may leave: from `opens_at` on, before `closes_at`; aware, in UTC."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Hours (`opens` to `closes`; over midnight when it is not later; None: the whole day), ISO weekdays, and days off
    that are closed. An opening over midnight belongs to the day on which it opens."""

    zone: str
    opens: time | None = None
    closes: time | None = None
    weekdays: tuple[int, ...] = EVERY_DAY
    days_off: DaysOff | None = None

    def opening(self, at: datetime) -> Opening | None:
        """The opening that `at` (aware) lies in, or else the next one; None when there is none within a year."""
        today = at.astimezone(zone_named(self.zone)).date()
        for offset in range(-2, LOOKED_AHEAD):  # two: a zone may skip a day, and the opening before it lasts over it
            day = today + timedelta(days=offset)
            found = self._stretch(day) if self._is_open_on(day) else None
            if found is not None and found.closes_at > at:
                return found
        return None

    def is_open(self, at: datetime) -> bool:
        """Whether a mail may leave at `at` (aware)."""
        found = self.opening(at)
        return found is not None and found.opens_at <= at

    def _is_open_on(self, day: date) -> bool:
        is_off = self.days_off is not None and self.days_off.holiday(day) is not None
        return day.isoweekday() in self.weekdays and not is_off

    def _stretch(self, day: date) -> Opening | None:
        """The opening that begins on `day`; None when the clocks skip all of it."""
        opens, closes = self.opens or time.min, self.closes or time.min
        last = day if closes > opens else day + timedelta(days=1)
        start, end = self._at(day, opens), self._at(last, closes)
        return Opening(start, end) if end > start else None

    def _at(self, day: date, at: time) -> datetime:
        return resolve(datetime.combine(day, at), zone_named(self.zone)).at.astimezone(UTC)
