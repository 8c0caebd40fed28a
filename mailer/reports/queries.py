"""Sums over runs: of the counters that stand on them, never of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from mailer.access import Permission
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import COUNTERS, Run, RunState
from mailer.models.run_tally import RunTally
from mailer.models.user import User
from mailer.periods import DateRange

PAGE_LENGTH = 50
BATCH = 500
FIGURES = (
    "planned", *COUNTERS, "sent", "successful_attempt", "failed_attempt", "unsubscribed", "bounced", "complained",
    "clicked", "opened",
)  # fmt: skip
KINDS = ("refused", "excluded", "stopped")
# What a row is about, and which rows come first.
ROWS: dict[str, tuple[Any, Any]] = {
    "mailing": (Run.mailing_id, func.max(Run.planned_at)),
    "run": (Run.id, func.max(Run.planned_at)),
    "user": (Run.owner_id, func.sum(Run.planned_count)),
}
SUMS = (
    func.count(Run.mailing_id.distinct()).label("mailing_count"),
    func.count().filter(Run.state != RunState.SKIPPED).label("run_count"),
    func.count().filter(Run.state == RunState.SKIPPED).label("skipped_count"),
    *(func.coalesce(func.sum(getattr(Run, f"{name}_count")), 0).label(f"{name}_count") for name in FIGURES),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which runs a report is about: None means all. A run belongs to the day it was planned for."""

    owner_id: int | None
    mailing_id: int | None
    period: DateRange


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """One line of a report. The reasons of a kind add up to its count, but for runs that are not closed yet."""

    key: int | None
    about: Any  # the Mailing, Run or User; None for the line of all
    sums: Any  # a row of SUMS
    reasons: dict[str, dict[str, int]]

    @property
    def counts(self) -> dict[str, int]:
        """The six figures that make up the planned ones."""
        return {name: getattr(self.sums, f"{name}_count") for name in COUNTERS}

    def unsorted(self, kind: str) -> int:
        """How many of a kind belong to runs whose reasons are not counted yet."""
        return max(0, getattr(self.sums, f"{kind}_count") - sum(self.reasons.get(kind, {}).values()))


def person_to_report(user_id: int) -> User:
    """Anybody; 404 for nobody."""
    return db.get_or_404(User, user_id)


def mailing_to_report(mailing_id: int, user: User) -> Mailing:
    """A mailing of one's own or, for those who oversee, anybody's; deleted ones too, whose runs remain; else 404."""
    query = select(Mailing).where(Mailing.id == mailing_id)
    if not user.can(Permission.OVERSEE):
        query = query.where(Mailing.owner_id == user.id)
    return db.one_or_404(query)


def total(scope: Scope) -> ReportFigures:
    """Everything in scope in one line."""
    sums = db.session.execute(_within(select(*SUMS), scope)).one()
    tallies = db.session.execute(_tallies(select(RunTally.kind, RunTally.reason, func.sum(RunTally.count)), scope))
    reasons: dict[str, dict[str, int]] = {}
    for kind, reason, count in tallies:
        reasons.setdefault(kind, {})[reason] = int(count)
    return ReportFigures(None, None, sums, reasons)


def page(scope: Scope, rows: str, number: int, length: int = PAGE_LENGTH) -> tuple[list[ReportFigures], bool]:
    """A page of rows, the first ones first, and whether there are more."""
    key, order = ROWS[rows]
    query = _within(select(key.label("key"), *SUMS), scope).group_by(key).order_by(order.desc(), key.desc())
    found = db.session.execute(query.limit(length + 1).offset((number - 1) * length)).all()
    return _lines(db.session, scope, rows, found[:length]), len(found) > length


def every_line(session: Session, scope: Scope, rows: str) -> Any:
    """All rows, the newest key first, in batches between which no transaction stays open."""
    key, last = ROWS[rows][0], None
    query = _within(select(key.label("key"), *SUMS), scope).group_by(key).order_by(key.desc()).limit(BATCH)
    while found := session.execute(query if last is None else query.where(key < last)).all():
        lines = _lines(session, scope, rows, found)
        yield from lines
        session.rollback()
        last = found[-1].key


def _lines(session: Any, scope: Scope, rows: str, found: Sequence[Any]) -> list[ReportFigures]:
    keys = [row.key for row in found]
    about = _about(session, rows, keys)
    reasons = _reasons_by_key(session, scope, rows, keys)
    return [ReportFigures(row.key, about.get(row.key), row, reasons.get(row.key, {})) for row in found]


def _about(session: Any, rows: str, keys: list[int]) -> dict[int, Any]:
    of_owner = joinedload(Mailing.owner)
    query: Any = {
        "mailing": select(Mailing).options(of_owner).where(Mailing.id.in_(keys)),
        "run": select(Run).options(joinedload(Run.mailing).options(of_owner)).where(Run.id.in_(keys)),
        "user": select(User).where(User.id.in_(keys)),
    }[rows]
    return {one.id: one for one in session.scalars(query)}


def _reasons_by_key(session: Any, scope: Scope, rows: str, keys: list[int]) -> dict[int, dict[str, dict[str, int]]]:
    key = ROWS[rows][0]
    query = _tallies(select(key, RunTally.kind, RunTally.reason, func.sum(RunTally.count)), scope, key)
    reasons: dict[int, dict[str, dict[str, int]]] = {}
    for one, kind, reason, count in session.execute(query.where(key.in_(keys))):
        reasons.setdefault(one, {}).setdefault(kind, {})[reason] = int(count)
    return reasons


def _tallies(query: Select[Any], scope: Scope, *keys: Any) -> Select[Any]:
    counted = Run.tallied_at == Run.closed_at
    joined = query.select_from(Run).join(RunTally, RunTally.run_id == Run.id).where(counted)
    return _within(joined, scope).group_by(*keys, RunTally.kind, RunTally.reason)


def _within(query: Select[Any], scope: Scope) -> Select[Any]:
    if scope.owner_id is not None:
        query = query.where(Run.owner_id == scope.owner_id)
    if scope.mailing_id is not None:
        query = query.where(Run.mailing_id == scope.mailing_id)
    if scope.period.since is not None:
        query = query.where(Run.planned_at >= scope.period.since)
    if scope.period.until is not None:
        query = query.where(Run.planned_at < scope.period.until)
    return query
