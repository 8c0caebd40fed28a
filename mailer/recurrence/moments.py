"""A rule's moments: dates of the calendar, bent by holidays, laid on the clocks of a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count, islice
from zoneinfo import ZoneInfo

from mailer.recurrence.candidates import Candidate, candidates
from mailer.recurrence.holidays import LONGEST_HOLIDAYS, HolidayRule, nearest_working_day
from mailer.recurrence.rule import Rule, zone_named

# A clock change moves a moment by a day at most (Samoa skipped a whole one), and a zone is less than a day from UTC.
REACH = timedelta(days=3)
REACH_OF_HOLIDAYS = timedelta(days=LONGEST_HOLIDAYS + 3)


class Note(StrEnum):
    """Why a moment is not quite what the rule says."""

    SHORT_MONTH = "short_month"  # the month has no such day: its last one
    SPRING_GAP = "spring_gap"  # the clocks skip that time: later by the gap
    AUTUMN_FOLD = "autumn_fold"  # the clocks show that time twice: the first
    MOVED = "moved"  # a holiday: another day
    HOLIDAY = "holiday"  # a holiday: left out
    EXCEPTION = "exception"  # left out by hand


LEFT_OUT = frozenset({Note.HOLIDAY, Note.EXCEPTION})


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


def moments(rule: Rule, after: datetime | None = None) -> Iterator[Moment]:
    """The rule's moments in order, strictly after `after` (aware), else from the first. It may never end."""
    return (moment for moment in everything(rule, after) if not moment.is_left_out)


def everything(rule: Rule, after: datetime | None = None) -> Iterator[Moment]:
    """The same with those left out, for a person to see that they are."""
    start = rule.first.date() if after is None else _aware(after).date() - _reach(rule)
    return (moment for moment in _series(rule, start) if after is None or moment.at > after)


def next_moment(rule: Rule, after: datetime) -> Moment | None:
    """The first moment strictly after `after` (aware)."""
    return next(moments(rule, after), None)


def latest_moment(rule: Rule, at: datetime) -> Moment | None:
    """The last moment that is not after `at` (aware)."""
    reference, first = _aware(at), rule.first.date()
    if rule.until is not None:
        reference = min(reference, resolve(rule.until, zone_named(rule.zone)).at)
    reach = _reach(rule)
    while True:  # those nearest may all be left out: look back farther and farther
        start = max(first, _back(reference.date(), reach))
        latest = None
        for moment in _series(rule, start):
            if moment.at > at:
                break
            if not moment.is_left_out:
                latest = moment
        if latest is not None or start == first:
            return latest
        reach *= 10


def upcoming(rule: Rule, after: datetime, number: int) -> list[Moment]:
    """At most `number` moments strictly after `after` (aware)."""
    return list(islice(moments(rule, after), number))


def between(rule: Rule, start: datetime, end: datetime, limit: int) -> list[Moment]:
    """The moments from `start` on and before `end` (aware), the first `limit` of them."""
    found: list[Moment] = []
    for moment in moments(rule, start - timedelta(microseconds=1)):
        if moment.at >= end or len(found) == limit:
            break
        found.append(moment)
    return found


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


def end_at(until: datetime | None, zone: str) -> datetime | None:
    """The moment, aware, from which nothing starts any more, given the wall-clock end; None without one."""
    return resolve(until, zone_named(zone)).at if until is not None else None


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an aware time is needed")
    return at.astimezone(UTC)


def _reach(rule: Rule) -> timedelta:
    return REACH_OF_HOLIDAYS if rule.moves_for_holidays else REACH


def _back(day: date, reach: timedelta) -> date:
    try:
        return day - reach
    except OverflowError:
        return date.min


def _series(rule: Rule, start: date) -> Iterator[Moment]:
    """The moments up to the rule's end, strictly rising, from one surely not after `start` on (or from the first)."""
    zone = zone_named(rule.zone)
    end = resolve(rule.until, zone).at if rule.until is not None else None
    previous, left = None, None if rule.run_limit is None else rule.run_limit + rule.skipped_count
    for moment in _in_order(rule, zone, start if left is None else rule.first.date()):
        if left == 0 or (end is not None and moment.at >= end):
            return
        # A day that the calendar skips falls on the next one's moment, holidays on their neighbours': that fires once.
        if previous is not None and moment.at <= previous:
            continue
        if not moment.is_left_out:
            previous = moment.at
            left = None if left is None else left - 1
        yield moment


def _in_order(rule: Rule, zone: ZoneInfo, start: date) -> Iterator[Moment]:
    """Moments as they come in real time: a moved one passes its neighbours, and so does one that the clocks skip."""
    waiting: list[tuple[datetime, datetime, bool, int, Moment]] = []
    numbers = count()  # moments themselves have no order
    lookahead = timedelta(days=LONGEST_HOLIDAYS if rule.holiday_rule is HolidayRule.BEFORE else 1)
    for candidate in candidates(rule, start):
        while waiting and waiting[0][1].date() < candidate.day - lookahead:
            yield heappop(waiting)[-1]
        for moment in _planned(rule, zone, candidate):
            heappush(waiting, (moment.at, moment.local, moment.is_left_out, next(numbers), moment))
    while waiting:
        yield heappop(waiting)[-1]


def _planned(rule: Rule, zone: ZoneInfo, candidate: Candidate) -> Iterator[Moment]:
    day, notes, holiday = _bent(rule, candidate)
    for time in rule.times:
        local = datetime.combine(day, time)
        if local >= rule.first:
            moment = resolve(local, zone)
            yield replace(moment, notes=(*notes, *moment.notes), holiday=holiday)


def _bent(rule: Rule, candidate: Candidate) -> tuple[date, list[Note], str | None]:
    """The candidate's day after short months, holidays and exceptions, what bent it, and the holiday's name."""
    day, notes, name = candidate.day, [Note.SHORT_MONTH] if candidate.is_shortened else [], None
    if rule.holiday_rule is not HolidayRule.IGNORE and rule.days_off is not None:
        name = rule.days_off.holiday(day)
        if name is not None and rule.holiday_rule is HolidayRule.SKIP:
            notes = [Note.HOLIDAY]
        elif name is not None:
            day = nearest_working_day(day, -1 if rule.holiday_rule is HolidayRule.BEFORE else 1, rule.days_off)
            notes = [Note.MOVED]
    if candidate.day in rule.exceptions or day in rule.exceptions:
        notes = [Note.EXCEPTION]
    return day, notes, name
