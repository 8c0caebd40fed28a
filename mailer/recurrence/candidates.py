"""The calendar dates a rule names, before holidays and clocks have a say.

A period is one generator in `GENERATORS`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from mailer.recurrence.holidays import is_working_day
from mailer.recurrence.rule import LAST, MonthlyOn, Period, Rule

LAST_DATE = date(9990, 1, 1)  # far from where `date` overflows


@dataclass(frozen=True, slots=True)
class Candidate:
    """A date on which a rule fires; `is_shortened` when its month has no such day and the last one stands in."""

    day: date
    is_shortened: bool = False


def candidates(rule: Rule, since: date) -> Iterator[Candidate]:
    """The rule's dates in order, none before its first, without end, from one that is not after `since` on (or from
    the first)."""
    generate, first = GENERATORS[rule.period], rule.first.date()
    for candidate in generate(rule, min(since, LAST_DATE)):
        if candidate.day > LAST_DATE:
            return
        if candidate.day >= first:
            yield candidate


def _once(rule: Rule, since: date) -> Iterator[Candidate]:
    yield Candidate(rule.first.date())


def _daily(rule: Rule, since: date) -> Iterator[Candidate]:
    first = rule.first.date()
    for index in count(max(0, (since - first).days // rule.every)):
        yield Candidate(first + timedelta(days=index * rule.every))


def _weekly(rule: Rule, since: date) -> Iterator[Candidate]:
    """Weeks are counted from the Monday of the first one."""
    first = rule.first.date()
    monday = first - timedelta(days=first.weekday())
    weekdays = sorted(set(rule.weekdays)) or [first.isoweekday()]
    # One turn earlier than `since` falls into: its own may begin only after it.
    for index in count(max(0, (since - monday).days // (7 * rule.every) - 1)):
        for weekday in weekdays:
            yield Candidate(monday + timedelta(days=7 * rule.every * index + weekday - 1))


def _monthly(rule: Rule, since: date) -> Iterator[Candidate]:
    """Each month is counted from the first one: a 31st comes back after February."""
    first = rule.first.date()
    months_between = (since.year - first.year) * 12 + since.month - first.month
    for index in count(max(0, months_between // rule.every - 1)):
        years, month = divmod(first.month - 1 + index * rule.every, 12)
        candidate = _day_of_month(rule, first.year + years, month + 1)
        if candidate is not None:
            yield candidate


def _day_of_month(rule: Rule, year: int, month: int) -> Candidate | None:
    """The day that a monthly rule means in one month; None in a month without a working day."""
    last_day = monthrange(year, month)[1]
    match rule.monthly_on:
        case MonthlyOn.DAY:
            wanted = rule.month_day or rule.first.day
            return Candidate(date(year, month, min(wanted, last_day)), is_shortened=wanted > last_day)
        case MonthlyOn.LAST_DAY:
            return Candidate(date(year, month, last_day))
        case MonthlyOn.WEEKDAY:
            return Candidate(_nth_weekday(year, month, rule.month_weekday or rule.first.isoweekday(), rule.month_week))
        case MonthlyOn.LAST_WORKING_DAY:
            days = (date(year, month, day) for day in range(last_day, 0, -1))
            found = next((day for day in days if is_working_day(day, rule.days_off)), None)
            return Candidate(found) if found else None


def _nth_weekday(year: int, month: int, weekday: int, week: int) -> date:
    if week == LAST:
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.isoweekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (week - 1))


GENERATORS: dict[Period, Callable[[Rule, date], Iterator[Candidate]]] = {
    Period.ONCE: _once,
    Period.DAILY: _daily,
    Period.WEEKLY: _weekly,
    Period.MONTHLY: _monthly,
}
