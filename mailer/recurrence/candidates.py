"""The calendar dates a rule names, before clocks have a say.

A period is one generator in `GENERATORS`. A richer rule (weekdays, the n-th Friday, every n weeks) is one more.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from mailer.recurrence.rule import Period, Rule

LAST_DATE = date(9990, 1, 1)  # far from where `date` overflows


@dataclass(frozen=True, slots=True)
class Candidate:
    """A date on which a rule fires; `is_shortened` when its month has no such day and the last one stands in."""

    day: date
    is_shortened: bool = False


def candidates(rule: Rule, since: date) -> Iterator[Candidate]:
    """The rule's dates in order, without end, from one that is not after `since` on (or from the first)."""
    generate = GENERATORS[rule.period]
    for candidate in generate(rule.first.date(), min(since, LAST_DATE)):
        if candidate.day > LAST_DATE:
            return
        yield candidate


def _once(first: date, since: date) -> Iterator[Candidate]:
    yield Candidate(first)


def _every_days(step: int) -> Callable[[date, date], Iterator[Candidate]]:
    def generate(first: date, since: date) -> Iterator[Candidate]:
        for index in count(max(0, (since - first).days // step)):
            yield Candidate(first + timedelta(days=index * step))

    return generate


def _monthly(first: date, since: date) -> Iterator[Candidate]:
    """The same day of every month, each counted from the first one: a 31st comes back after February."""
    months_between = (since.year - first.year) * 12 + since.month - first.month
    if since.day < first.day:
        months_between -= 1
    for index in count(max(0, months_between)):
        years, month = divmod(first.month - 1 + index, 12)
        last_day = monthrange(first.year + years, month + 1)[1]
        day = min(first.day, last_day)
        yield Candidate(date(first.year + years, month + 1, day), is_shortened=day < first.day)


GENERATORS: dict[Period, Callable[[date, date], Iterator[Candidate]]] = {
    Period.ONCE: _once,
    Period.DAILY: _every_days(1),
    Period.WEEKLY: _every_days(7),
    Period.MONTHLY: _monthly,
}
