"""The calendar dates a rule names, before holidays and clocks have a say.

A period is one generator in `GENERATORS`; which days of a month it means is `days_of_month`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple

from mailer.recurrence.holidays import is_working_day
from mailer.recurrence.rule import MonthlyOn, Period, Rule, ShortMonth

LAST_DATE = date(9990, 1, 1)  # far from where `date` overflows
WEEK = timedelta(days=7)


class Candidate(NamedTuple):
    """A date on which a rule fires; `is_shortened` when its month has no such day and the last one stands in."""

    day: date
    is_shortened: bool = False


def candidates(rule: Rule, since: date) -> Iterator[Candidate | None]:
    """The rule's dates in order, none before its first, without end, from one that is not after `since` on (or from
    the first). None stands for a month or year without such a day, so that whoever waits may lose patience."""
    generate, first = GENERATORS[rule.period], rule.first.date()
    for candidate in generate(rule, min(since, LAST_DATE)):
        if candidate is not None and candidate.day > LAST_DATE:
            return
        if candidate is None or candidate.day >= first:
            yield candidate


def _once(rule: Rule, since: date) -> Iterator[Candidate]:
    yield Candidate(rule.first.date())


def _dates(rule: Rule, since: date) -> Iterator[Candidate]:
    for day in sorted({at.date() for at in rule.dates}):
        yield Candidate(day)


def _daily(rule: Rule, since: date) -> Iterator[Candidate]:
    first, every = rule.first.date(), rule.every
    index = max(0, (since - first).days // every)
    while True:
        day = first + timedelta(days=index * every)
        if rule.months and day.month not in rule.months:
            if day > LAST_DATE:
                return
            index += max(1, -((day - next_month(day)).days // every))
            continue
        yield Candidate(day)
        index += 1


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _weekly(rule: Rule, since: date) -> Iterator[Candidate]:
    """Weeks are counted from the Monday of the first one."""
    first = rule.first.date()
    monday = first - timedelta(days=first.weekday())
    weekdays = sorted(set(rule.weekdays)) or [first.isoweekday()]
    # One turn earlier than `since` falls into: its own may begin only after it.
    for index in count(max(0, (since - monday).days // (7 * rule.every) - 1)):
        week = monday + index * rule.every * WEEK
        if week > LAST_DATE:
            return
        for weekday in weekdays:
            day = week + timedelta(days=weekday - 1)
            if not rule.months or day.month in rule.months:
                yield Candidate(day)


def _monthly(rule: Rule, since: date) -> Iterator[Candidate | None]:
    """Each month is counted from the first one: a 31st comes back after February."""
    first = rule.first.date()
    months_between = (since.year - first.year) * 12 + since.month - first.month
    for index in count(max(0, months_between // rule.every - 1)):
        years, month = divmod(first.month - 1 + index * rule.every, 12)
        if first.year + years > LAST_DATE.year:
            return
        is_asked = not rule.months or month + 1 in rule.months
        yield from _or_none(days_of_month(rule, first.year + years, month + 1) if is_asked else [])


def _yearly(rule: Rule, since: date) -> Iterator[Candidate | None]:
    first = rule.first.date()
    months = sorted(set(rule.months)) or [first.month]
    for index in count(max(0, (since.year - first.year) // rule.every - 1)):
        year = first.year + index * rule.every
        if year > LAST_DATE.year:
            return
        for month in months:
            yield from _or_none(days_of_month(rule, year, month))


def _or_none(found: list[Candidate]) -> Iterable[Candidate | None]:
    return found or (None,)


def days_of_month(rule: Rule, year: int, month: int) -> list[Candidate]:
    """The days that a monthly or yearly rule means in one month, in order; none in a month without such a day."""
    length = monthrange(year, month)[1]
    match rule.monthly_on:
        case MonthlyOn.DAY:
            return _numbered(rule, year, month, length)
        case MonthlyOn.WEEKDAY:
            weekdays = rule.month_weekdays or (rule.first.isoweekday(),)
            days = {
                _nth(year, month, length, weekday, week) for weekday in weekdays for week in rule.month_weeks or (1,)
            }
            return [Candidate(date(year, month, day)) for day in sorted(day for day in days if day is not None)]
        case MonthlyOn.WORKING_DAY:
            every = [date(year, month, day) for day in range(1, length + 1)]
            working = [day for day in every if is_working_day(day, rule.days_off)]
            return [Candidate(day) for day in sorted(_picked(working, rule.month_weeks or (1,)))]


def _numbered(rule: Rule, year: int, month: int, length: int) -> list[Candidate]:
    """Days by number; from the end below 0."""
    found: dict[int, bool] = {}
    for wanted in rule.month_days or (rule.first.day,):
        if wanted > length and rule.short_month is ShortMonth.SKIP:
            continue
        day = min(wanted, length) if wanted > 0 else length + 1 + wanted
        found[day] = found.get(day, True) and wanted > length
    return [Candidate(date(year, month, day), is_shortened) for day, is_shortened in sorted(found.items())]


def _nth(year: int, month: int, length: int, weekday: int, week: int) -> int | None:
    """The day of the month that is the `week`-th such weekday, counted from its end below 0; None when it has none."""
    first = 1 + (weekday - date(year, month, 1).isoweekday()) % 7
    day = first + 7 * (week - 1) if week > 0 else first + 7 * ((length - first) // 7 + 1 + week)
    return day if 1 <= day <= length else None


def _picked(days: list[date], positions: tuple[int, ...]) -> set[date]:
    """Those at the positions, from 1 on, or from -1 back."""
    return {days[at - 1 if at > 0 else at] for at in positions if abs(at) <= len(days)}


GENERATORS: dict[Period, Callable[[Rule, date], Iterator[Candidate | None]]] = {
    Period.ONCE: _once,
    Period.DATES: _dates,
    Period.DAILY: _daily,
    Period.WEEKLY: _weekly,
    Period.MONTHLY: _monthly,
    Period.YEARLY: _yearly,
}
