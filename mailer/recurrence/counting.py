"""How many moments there are: a walk over days, which asks the clocks only where they change."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.recurrence.clock_times import DAY, aware, end_at, resolve, rising
from mailer.recurrence.days import FiringDay, firing_days
from mailer.recurrence.rule import Rule, zone_named

REACH = timedelta(days=3)
MOST_POSITIONS = 1024


@dataclass(slots=True)
class _Position:
    """How far a rule was counted: so many moments before `day`."""

    day: date
    count: int = 0


_positions: OrderedDict[Rule, _Position] = OrderedDict()


def count_moments(rule: Rule, until: datetime) -> int:
    """How many moments are not after `until` (aware), by a walk over the days that goes on where the last one was."""
    zone, today, end = zone_named(rule.zone), aware(until).date(), end_at(rule.until, rule.zone)
    most = sys.maxsize if rule.run_limit is None else rule.run_limit + rule.skipped_count
    surely_past = min(today, end.date() if end is not None else today) - REACH
    position = _position_of(rule)
    if position.day > surely_past:
        position = _Position(rule.first.date())
    total, start = position.count, position.day
    for days in _clusters(rule, zone, start):
        if days[0].day > today + DAY or total >= most:
            break
        if len(days) == 1 and days[0].day < surely_past:
            total += _count_of_day(rule, days[0])
            position.day, position.count = days[0].day + DAY, total
        else:
            total += sum(moment.at <= until and (end is None or moment.at < end) for moment in rising(rule, zone, days))
    return min(total, most)


@lru_cache(maxsize=2048)
def last_counted(rule: Rule) -> datetime | None:
    """The last moment that a number of runs allows; None without such a number. Remembered, since it is a walk from
    the first one."""
    if rule.run_limit is None:
        return None
    zone, most = zone_named(rule.zone), rule.run_limit + rule.skipped_count
    position = _position_of(rule)
    if position.count >= most:
        position = _Position(rule.first.date())
    total, last_day, latest = position.count, None, resolve(rule.first, zone).at
    for days in _clusters(rule, zone, position.day):
        if rule.until is not None and days[0].day > rule.until.date():
            break
        if len(days) == 1 and total + (number := _count_of_day(rule, days[0])) < most:
            total += number
            last_day = days[0]
            continue
        for moment in rising(rule, zone, days):
            latest, total = moment.at, total + 1
            if total == most:
                return latest
        last_day = None
    if last_day is not None:
        latest = resolve(datetime.combine(last_day.day, rule.times_of(last_day.named)[-1]), zone).at
    return latest


def _position_of(rule: Rule) -> _Position:
    """The place from which to go on counting. It is always behind a day that stands alone."""
    key = replace(rule, run_limit=None, skipped_count=0)
    position = _positions.pop(key, None) or _Position(rule.first.date())
    _positions[key] = position
    if len(_positions) > MOST_POSITIONS:
        _positions.popitem(last=False)
    return position


def _count_of_day(rule: Rule, day: FiringDay) -> int:
    times = rule.times_of(day.named)
    return len(times) if day.day > rule.first.date() else sum(at >= rule.first.time() for at in times)


def _clusters(rule: Rule, zone: ZoneInfo, start: date) -> Iterator[list[FiringDay]]:
    """The days that fire, one by one where each time of them is one moment; together those near a clock change, and
    those of which a list names two."""
    together: list[FiringDay] = []
    for day in firing_days(rule, start):
        if day.is_left_out:
            continue
        if rule.dates or day.day in _near_changes(day.day.year, zone):
            together.append(day)
            continue
        if together:
            yield together
            together = []
        yield [day]
    if together:
        yield together


@lru_cache(maxsize=4096)
def _near_changes(year: int, zone: ZoneInfo) -> frozenset[date]:
    """The days of a year on or beside which the clocks change."""
    first = datetime(year, 1, 1, tzinfo=zone)
    offsets = [(first + number * DAY).utcoffset() for number in range(-1, 369)]
    days = (first.date() + number * DAY for number in range(366))
    return frozenset(day for number, day in enumerate(days) if offsets[number] != offsets[number + 3])
