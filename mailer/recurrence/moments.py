"""A rule's moments: dates of the calendar, bent by holidays, laid on the clocks of a zone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from mailer.recurrence.clock_times import DAY, Moment, aware, end_at, resolve, rising
from mailer.recurrence.counting import REACH, count_moments, last_counted
from mailer.recurrence.days import LEFT_OUT, FiringDay, Note, firing_days
from mailer.recurrence.rule import Rule, zone_named

__all__ = [
    "LEFT_OUT", "Moment", "Note", "count_moments", "end_at", "everything", "latest_moment", "moments",
    "next_moment", "resolve", "upcoming",
]  # fmt: skip
LOOKED_BACK = timedelta(days=8)  # at first, for the latest moment
DAYS_AROUND = 8  # so many firing days hold the latest moment surely


def moments(rule: Rule, after: datetime | None = None) -> Iterator[Moment]:
    """The rule's moments in order, strictly after `after` (aware), else from the first. It may never end."""
    return _series(rule, after, with_left_out=False)


def everything(rule: Rule, after: datetime | None = None) -> Iterator[Moment]:
    """The same with those left out, for a person to see that they are: one for a whole day, its first."""
    return _series(rule, after, with_left_out=True)


def next_moment(rule: Rule, after: datetime) -> Moment | None:
    """The first moment strictly after `after` (aware)."""
    return next(moments(rule, after), None)


def latest_moment(rule: Rule, at: datetime) -> Moment | None:
    """The last moment that is not after `at` (aware)."""
    at, zone, first = aware(at), zone_named(rule.zone), rule.first.date()
    end = end_at(rule.until, rule.zone)
    for bound in (end, last_counted(rule)):
        at = min(at, bound) if bound is not None else at
    reach = LOOKED_BACK
    while True:  # those nearest may all be left out: look back farther and farther
        start = max(first, _back(at.date(), reach))
        days = deque(_until_day(firing_days(rule, start), at.date() + DAY), maxlen=None if rule.dates else DAYS_AROUND)
        latest = None
        for moment in rising(rule, zone, days):
            if moment.at <= at and (end is None or moment.at < end):
                latest = moment
        if latest is not None or start == first:
            return latest
        reach *= 6


def upcoming(rule: Rule, after: datetime, number: int) -> list[Moment]:
    """At most `number` moments strictly after `after` (aware)."""
    return list(islice(moments(rule, after), number))


def _back(day: date, reach: timedelta) -> date:
    return day - reach if day.toordinal() > reach.days else date.min


def _until_day(days: Iterator[FiringDay], last: date) -> Iterator[FiringDay]:
    for day in days:
        if day.day > last:
            return
        if not day.is_left_out:
            yield day


def _series(rule: Rule, after: datetime | None, *, with_left_out: bool) -> Iterator[Moment]:
    """The moments up to the rule's end, strictly rising, after `after`."""
    zone = zone_named(rule.zone)
    start = rule.first.date() if after is None else _back(aware(after).date(), REACH)
    end, last = end_at(rule.until, rule.zone), last_counted(rule)
    days = firing_days(rule, start)
    if not with_left_out:
        days = (day for day in days if not day.is_left_out)
    for moment in rising(rule, zone, days):
        if (end is not None and moment.at >= end) or (last is not None and moment.at > last):
            return
        if after is None or moment.at > after:
            yield moment
