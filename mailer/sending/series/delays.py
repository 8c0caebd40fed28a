"""When a step is due: calendar arithmetic in the series' zone, counted from the sending of the step before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from mailer.models.series import DelayKind, Series, SeriesStep
from mailer.recurrence.clock_times import aware
from mailer.recurrence.holidays import LONGEST_HOLIDAYS, DaysOff, is_working_day
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import zone_named

DAY = timedelta(days=1)


def due_after(
    step: SeriesStep, series: Series, before: datetime, days_off: DaysOff | None = None, zone: str | None = None
) -> datetime:
    """The moment (UTC) at which `step` is due for somebody whose step before was sent at `before` (aware); on the
    clocks of `zone`, if not of the series'."""
    return moment_after(step.delay_kind, step.delay_count, step.at_time, zone or series.timezone, before, days_off)


def moment_after(
    kind: DelayKind, count: int, at: time | None, zone: str, before: datetime, days_off: DaysOff | None = None
) -> datetime:
    """So many hours later; or at a time of day so many days (or working days) after the day of `before`.

    No days at all: the next such time of day that is not before `before`. A time that the clocks skip comes later by
    as much; one that they show twice is the first.
    """
    if kind is DelayKind.HOURS or at is None:
        return aware(before) + timedelta(hours=count)
    days = _days(before.astimezone(zone_named(zone)).date(), count, kind is DelayKind.WORKING_DAYS, days_off)
    for day in days:
        moment = resolve(datetime.combine(day, at), zone_named(zone)).at
        if moment >= before:
            return moment.astimezone(UTC)
    raise AssertionError("days never end")


def _days(first: date, count: int, are_working: bool, days_off: DaysOff | None) -> Iterator[date]:
    """The day meant, and those after it that would do as well. Where nobody works for two months, every day does."""
    if not are_working:
        day = first + count * DAY
        while True:
            yield day
            day += DAY
    left, day, idle = count, first, 0
    if count == 0:
        day -= DAY
        left = 1
    while True:
        day += DAY
        idle += 1
        if is_working_day(day, days_off) or idle > LONGEST_HOLIDAYS:
            idle, left = 0, left - 1
            if left <= 0:
                yield day


def day_meant(anchor: date, year: int) -> date:
    """A yearly day in `year`: 29 February is 28 February where there is none."""
    try:
        return anchor.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
