"""Figures by recipient domain and day: of `domain_sums`, never of runs or attempts; whole months in one row each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models.domain_day import EVERYBODY, DomainFigure, DomainSum
from mailer.periods import DateRange
from mailer.recipient_domains import OTHERS

MOST_DOMAINS = 50  # on the page; all others are one line
MOST_DAYS = 400
COMMONEST = 3
BATCH = 500
WITH_WORDS = (DomainFigure.DEFERRED, DomainFigure.REFUSED)
SUMS = [
    func.coalesce(func.sum(DomainSum.change).filter(DomainSum.figure == figure), 0).label(figure.value)
    for figure in DomainFigure
]


@dataclass(frozen=True, slots=True)
class DomainScope:
    """Whose mails, of which days (of each owner's zone), to which domain: None means all."""

    owner_id: int | None
    period: DateRange
    domain: str | None = None
    is_ahead: bool = False  # the last day is today, and where an owner lives it may be tomorrow


@dataclass(frozen=True, slots=True)
class DomainLine:
    """One line: a domain or group (`OTHERS`: all the rest), or a day."""

    key: Any
    counts: dict[str, int]
    words: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # the commonest, by figure


def by_domain(scope: DomainScope, total: DomainLine) -> list[DomainLine]:
    """The domains with the most mails, then the others together: what these leave of the `total`."""
    busiest = func.sum(DomainSum.change).desc()
    query = _within(select(DomainSum.domain, *SUMS), scope).group_by(DomainSum.domain)
    query = query.where(DomainSum.domain != OTHERS).having(func.sum(DomainSum.change) > 0)
    found = db.session.execute(query.order_by(busiest, DomainSum.domain).limit(MOST_DOMAINS)).all()
    words = _words(scope, DomainSum.domain, [row.domain for row in found])
    lines = [DomainLine(row.domain, _counts(row), words.get(row.domain, {})) for row in found]
    rest = {name: count - sum(line.counts[name] for line in lines) for name, count in total.counts.items()}
    return [*lines, DomainLine(OTHERS, rest)] if any(rest.values()) else lines


def by_day(scope: DomainScope) -> list[DomainLine]:
    """The latest days of the scope, the newest first."""
    query = _within(select(DomainSum.day, *SUMS), scope, by_day=True).group_by(DomainSum.day)
    query = query.having(func.sum(DomainSum.change) > 0).order_by(DomainSum.day.desc())
    found = db.session.execute(query.limit(MOST_DAYS)).all()
    words = _words(scope, DomainSum.day, [row.day for row in found])
    return [DomainLine(row.day, _counts(row), words.get(row.day, {})) for row in found]


def total_of(scope: DomainScope) -> DomainLine:
    """All of the scope in one line."""
    return DomainLine(None, _counts(db.session.execute(_within(select(*SUMS), scope)).one()))


def every_day_and_domain(session: Session, scope: DomainScope) -> Iterator[tuple[Any, DomainLine]]:
    """A line for each day and domain, in order, in batches between which no transaction stays open."""
    keys, last = (DomainSum.day, DomainSum.domain), None
    query = _within(select(*keys, *SUMS), scope, by_day=True).group_by(*keys)
    query = query.having(func.sum(DomainSum.change) > 0).order_by(*keys).limit(BATCH)
    while found := session.execute(query if last is None else query.where(func.row(*keys) > func.row(*last))).all():
        yield from ((row.day, DomainLine(row.domain, _counts(row))) for row in found)
        session.rollback()
        last = (found[-1].day, found[-1].domain)


def _counts(row: Any) -> dict[str, int]:
    return {figure.value: int(getattr(row, figure.value)) for figure in DomainFigure}


def _words(scope: DomainScope, key: Any, keys: list[Any]) -> dict[Any, dict[str, list[tuple[str, int]]]]:
    count = func.sum(DomainSum.change)
    place = func.row_number().over(partition_by=(key, DomainSum.figure), order_by=(count.desc(), DomainSum.words))
    query = _within(
        select(key.label("key"), DomainSum.figure, DomainSum.words, count.label("n"), place.label("place")),
        scope,
        by_day=key is DomainSum.day,
    )
    query = query.where(key.in_(keys), DomainSum.figure.in_(WITH_WORDS), DomainSum.words != "")
    ranked = query.group_by(key, DomainSum.figure, DomainSum.words).having(count > 0).subquery()
    found: dict[Any, dict[str, list[tuple[str, int]]]] = {}
    for row in db.session.execute(select(ranked).where(ranked.c.place <= COMMONEST).order_by(ranked.c.place)):
        found.setdefault(row.key, {}).setdefault(row.figure.value, []).append((row.words, int(row.n)))
    return found


def _within(query: Select[Any], scope: DomainScope, *, by_day: bool = False) -> Select[Any]:
    """The rows of the scope: days alone, or whole months where there are any and the days before and behind them."""
    query = query.where(DomainSum.owner_id == (EVERYBODY if scope.owner_id is None else scope.owner_id))
    if scope.domain is not None:
        query = query.where(DomainSum.domain == scope.domain)
    first, last = scope.period.first, scope.period.last
    end = last + timedelta(days=2 if scope.is_ahead else 1) if last is not None else None
    return query.where(_span(first, end, is_month=False) if by_day else _months_and_days(first, end))


def _months_and_days(first: date | None, end: date | None) -> ColumnElement[bool]:
    """From `first` on, before `end`; None where it is open."""
    begin = None if first is None else first if first.day == 1 else _next_month(first)
    stop = None if end is None else end.replace(day=1)
    if begin is not None and stop is not None and begin >= stop:
        return _span(first, end, is_month=False)
    before = _span(first, begin, is_month=False) if first != begin else false()
    behind = _span(stop, end, is_month=False) if stop != end else false()
    return or_(_span(begin, stop, is_month=True), before, behind)


def _span(first: date | None, end: date | None, *, is_month: bool) -> ColumnElement[bool]:
    bounds = [] if first is None else [DomainSum.day >= first]
    bounds += [] if end is None else [DomainSum.day < end]
    return and_(DomainSum.is_month == is_month, *bounds)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
