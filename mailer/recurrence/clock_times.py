"""A firing day laid on the clocks of a zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from zoneinfo import ZoneInfo

from mailer.recurrence.days import LEFT_OUT, FiringDay, Note
from mailer.recurrence.rule import Rule, zone_named

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """One firing. `local` is the planned wall-clock time, even if the clocks skip it; `at` is the real moment, aware,
    in UTC; `holiday` names what moved it or left it out."""

    local: datetime
    at: datetime
    notes: tuple[Note, ...] = ()
    holiday: str | None = None

    @property
    def key(self) -> str:
        """Its wall-clock time in short, such as `2026-03-31T09:00`."""
        return self.local.isoformat(timespec="minutes")

    @property
    def occurrence(self) -> str:
        """Its identity, such as `2026-03-31T06:00Z`: the same instant is the same occurrence in whatever zone."""
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"

    @property
    def note(self) -> Note | None:
        """The last thing that bent it."""
        return self.notes[-1] if self.notes else None

    @property
    def is_left_out(self) -> bool:
        """Whether nothing happens then after all."""
        return not LEFT_OUT.isdisjoint(self.notes)


def resolve(local: datetime, zone: ZoneInfo) -> Moment:
    """The real moment of a wall-clock time.

    `fold=0` is just what we promise (PEP 495): in a gap the offset from before it, which lands later by
    the gap; in a fold the first of the two.
    """
    first = local.replace(tzinfo=zone, fold=0)
    at = first.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        return Moment(local, at, (Note.SPRING_GAP,))
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        return Moment(local, at, (Note.AUTUMN_FOLD,))
    return Moment(local, at)


def rising(rule: Rule, zone: ZoneInfo, days: Iterable[FiringDay]) -> Iterator[Moment]:
    """The moments of some days, strictly rising: a day that a zone skips falls on the next one, and fires once."""
    previous = None
    for moment in _in_order(rule, zone, days):
        if previous is None or moment.at > previous:
            if not moment.is_left_out:
                previous = moment.at
            yield moment


def _in_order(rule: Rule, zone: ZoneInfo, days: Iterable[FiringDay]) -> Iterator[Moment]:
    """Moments as they come in real time: one that the clocks skip passes its neighbours."""
    waiting: list[tuple[datetime, datetime, bool, int, Moment]] = []
    numbers = count()  # moments themselves have no order
    for day in days:
        while waiting and waiting[0][1].date() < day.day - DAY:
            yield heappop(waiting)[-1]
        for moment in _moments_of(rule, zone, day):
            heappush(waiting, (moment.at, moment.local, moment.is_left_out, next(numbers), moment))
    while waiting:
        yield heappop(waiting)[-1]


def _moments_of(rule: Rule, zone: ZoneInfo, day: FiringDay) -> Iterator[Moment]:
    for at in rule.times_of(day.named):
        local = datetime.combine(day.day, at)
        if local >= rule.first:
            moment = resolve(local, zone)
            if day.notes or day.holiday:
                moment = replace(moment, notes=(*day.notes, *moment.notes), holiday=day.holiday)
            yield moment
            if day.is_left_out:
                return


def end_at(until: datetime | None, zone: str) -> datetime | None:
    """The moment, aware, from which nothing starts any more, given the wall-clock end; None without one."""
    return resolve(until, zone_named(zone)).at if until is not None else None


def aware(at: datetime) -> datetime:
    """`at` in UTC; ValueError when it has no zone."""
    if at.tzinfo is None:
        raise ValueError("an aware time is needed")
    return at.astimezone(UTC)
