"""Figures by recipient domain and day: sums over `domain_days`, never over attempts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models.domain_day import DomainDay, DomainFigure
from mailer.periods import DateRange
from mailer.recipient_domains import OTHERS

MOST_DOMAINS = 50  # on the page; all others are one line
MOST_DAYS = 400
COMMONEST = 3
BATCH = 500
WITH_WORDS = (DomainFigure.DEFERRED, DomainFigure.REFUSED)
SUMS = [
    func.coalesce(func.sum(DomainDay.count).filter(DomainDay.figure == figure), 0).label(figure.value)
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
    busiest = func.sum(DomainDay.count).desc()
    query = _within(select(DomainDay.domain, *SUMS), scope).group_by(DomainDay.domain)
    found = db.session.execute(
        query.where(DomainDay.domain != OTHERS).order_by(busiest, DomainDay.domain).limit(MOST_DOMAINS)
    ).all()
    words = _words(scope, DomainDay.domain, [row.domain for row in found])
    lines = [DomainLine(row.domain, _counts(row), words.get(row.domain, {})) for row in found]
    rest = {name: count - sum(line.counts[name] for line in lines) for name, count in total.counts.items()}
    return [*lines, DomainLine(OTHERS, rest)] if any(rest.values()) else lines


def by_day(scope: DomainScope) -> list[DomainLine]:
    """The latest days of the scope, the newest first."""
    query = _within(select(DomainDay.day, *SUMS), scope).group_by(DomainDay.day).order_by(DomainDay.day.desc())
    found = db.session.execute(query.limit(MOST_DAYS)).all()
    words = _words(scope, DomainDay.day, [row.day for row in found])
    return [DomainLine(row.day, _counts(row), words.get(row.day, {})) for row in found]


def total_of(scope: DomainScope) -> DomainLine:
    """All of the scope in one line."""
    return DomainLine(None, _counts(db.session.execute(_within(select(*SUMS), scope)).one()))


def every_day_and_domain(session: Session, scope: DomainScope) -> Iterator[tuple[Any, DomainLine]]:
    """A line for each day and domain, in order, in batches between which no transaction stays open."""
    keys, last = (DomainDay.day, DomainDay.domain), None
    query = _within(select(*keys, *SUMS), scope).group_by(*keys).order_by(*keys).limit(BATCH)
    while found := session.execute(query if last is None else query.where(func.row(*keys) > func.row(*last))).all():
        yield from ((row.day, DomainLine(row.domain, _counts(row))) for row in found)
        session.rollback()
        last = (found[-1].day, found[-1].domain)


def _counts(row: Any) -> dict[str, int]:
    return {figure.value: int(getattr(row, figure.value)) for figure in DomainFigure}


def _words(scope: DomainScope, key: Any, keys: list[Any]) -> dict[Any, dict[str, list[tuple[str, int]]]]:
    count = func.sum(DomainDay.count)
    place = func.row_number().over(partition_by=(key, DomainDay.figure), order_by=(count.desc(), DomainDay.words))
    query = _within(
        select(key.label("key"), DomainDay.figure, DomainDay.words, count.label("n"), place.label("place")), scope
    )
    query = query.where(key.in_(keys), DomainDay.figure.in_(WITH_WORDS), DomainDay.words != "")
    ranked = query.group_by(key, DomainDay.figure, DomainDay.words).subquery()
    found: dict[Any, dict[str, list[tuple[str, int]]]] = {}
    for row in db.session.execute(select(ranked).where(ranked.c.place <= COMMONEST).order_by(ranked.c.place)):
        found.setdefault(row.key, {}).setdefault(row.figure.value, []).append((row.words, int(row.n)))
    return found


def _within(query: Select[Any], scope: DomainScope) -> Select[Any]:
    if scope.owner_id is not None:
        query = query.where(DomainDay.owner_id == scope.owner_id)
    if scope.domain is not None:
        query = query.where(DomainDay.domain == scope.domain)
    if scope.period.first is not None:
        query = query.where(DomainDay.day >= scope.period.first)
    if scope.period.last is not None:
        query = query.where(DomainDay.day <= scope.period.last + timedelta(days=1 if scope.is_ahead else 0))
    return query
