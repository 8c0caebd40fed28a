"""The days on which a rule fires: the dates it names, after holidays, weekends and exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from mailer.recurrence.candidates import Candidate, candidates
from mailer.recurrence.holidays import LONGEST_HOLIDAYS, HolidayRule, is_working_day, nearest_working_day
from mailer.recurrence.rule import Period, Rule

MOVED_AT_MOST = timedelta(days=LONGEST_HOLIDAYS)
# So many dates in a row that come to nothing (or a hundred years of months), and a rule is over. All the dates that a
# person may type, exceptions and holidays of their own, are fewer.
PATIENCE = 1200
WEIGHTS = {Period.MONTHLY: 1, Period.YEARLY: 12}  # months, of one step


class Note(StrEnum):
    """Why a moment is not quite what the rule says."""

    SHORT_MONTH = "short_month"  # the month has no such day: its last one
    SPRING_GAP = "spring_gap"  # the clocks skip that time: later by the gap
    AUTUMN_FOLD = "autumn_fold"  # the clocks show that time twice: the first
    MOVED = "moved"  # a holiday: another day
    WEEKEND = "weekend"  # a weekend: another day
    HOLIDAY = "holiday"  # a holiday: left out
    EXCEPTION = "exception"  # left out by hand
    BEFORE_START = "before_start"  # moved before the start: left out
    AFTER_END = "after_end"  # moved past the end: left out


LEFT_OUT = frozenset({Note.HOLIDAY, Note.EXCEPTION, Note.BEFORE_START, Note.AFTER_END})


class FiringDay(NamedTuple):
    """A day on which a rule fires, or (`is_left_out`) would have; `named` is the date that the rule says."""

    day: date
    named: date
    notes: tuple[Note, ...] = ()
    holiday: str | None = None
    is_left_out: bool = False


def firing_days(rule: Rule, since: date) -> Iterator[FiringDay]:
    """The days in order, each once, from the first that is not before `since` on."""
    previous: FiringDay | None = None
    for found in _in_order(rule, since):
        if found.day < since:
            continue
        # Two dates on one day are one: that which fires, else the first. Those of a list may have other times.
        if previous is not None and found.day == previous.day and (not rule.dates or found.is_left_out):
            continue
        previous = found
        yield found


def _in_order(rule: Rule, since: date) -> Iterator[FiringDay]:
    """By day, those that fire before those left out; a moved one passes its neighbours."""
    if not rule.moves:
        yield from (found for found, _lookahead in _bent_days(rule, since))
        return
    waiting: list[tuple[date, bool, int, FiringDay]] = []
    numbers = count()
    for found, named in _bent_days(rule, _back(since)):
        # Whatever comes later is moved back to the last working day before it at most.
        limit = named - MOVED_AT_MOST if rule.holiday_rule is HolidayRule.BEFORE else named
        while waiting and waiting[0][0] < limit:
            yield heappop(waiting)[-1]
        heappush(waiting, (found.day, found.is_left_out, next(numbers), found))
    while waiting:
        yield heappop(waiting)[-1]


def _back(day: date) -> date:
    return day - MOVED_AT_MOST if day > date.min + MOVED_AT_MOST else day


def _bent_days(rule: Rule, since: date) -> Iterator[tuple[FiringDay, date]]:
    """What becomes of each date that the rule names, in their order."""
    fruitless, weight = 0, WEIGHTS[rule.period] * rule.every if rule.period in WEIGHTS else 1
    is_working = lru_cache(maxsize=None)(partial(is_working_day, days_off=rule.days_off))  # asked many times of a few
    for candidate in candidates(rule, since):
        found = _bent(rule, candidate, is_working) if candidate is not None else None
        if candidate is not None and found is not None:
            yield found, candidate.day
        fruitless = fruitless + weight if found is None or found.is_left_out else 0
        if fruitless > PATIENCE:
            return


def _bent(rule: Rule, candidate: Candidate, is_working: Callable[[date], bool]) -> FiringDay | None:
    """None on a weekend that is simply no day of the rule."""
    named = day = candidate.day
    notes, name, is_left_out = ((Note.SHORT_MONTH,) if candidate.is_shortened else ()), None, False
    if rule.holiday_rule is not HolidayRule.IGNORE:
        name = rule.days_off.holiday(day) if rule.days_off is not None else None
        if name is not None or (rule.minds_weekends and not is_working(day)):
            if rule.holiday_rule is HolidayRule.SKIP:
                if name is None:
                    return None
                notes, is_left_out = (Note.HOLIDAY,), True
            else:
                day = nearest_working_day(day, -1 if rule.holiday_rule is HolidayRule.BEFORE else 1, is_working)
                notes = (Note.MOVED if name is not None else Note.WEEKEND,)
    if named in rule.exceptions or day in rule.exceptions:
        notes, is_left_out = (Note.EXCEPTION,), True
    elif day != named and (out := _out_of_range(rule, named, day)) is not None:
        day, notes, is_left_out = named, (*notes, out), True
    return FiringDay(day, named, notes, name, is_left_out)


def _out_of_range(rule: Rule, named: date, day: date) -> Note | None:
    """Why a moved day has no moment left."""
    times = rule.times_of(named)
    if datetime.combine(day, times[-1]) < rule.first:
        return Note.BEFORE_START
    if rule.until is not None and datetime.combine(day, times[0]) >= rule.until > datetime.combine(named, times[0]):
        return Note.AFTER_END
    return None
