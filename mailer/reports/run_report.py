"""The report of one run: what the ledger says, what came back, what people did, who left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.access import Permission
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.reaction import OPEN, Asker, JudgedBy, ReactionHour, ReactionTotal
from mailer.models.run import Run, RunState
from mailer.models.user import User

HOURLY_WITHIN = timedelta(hours=72)  # a chart of more than that has a column for each day
MOST_COLUMNS = 90
MOST_RUNS = 100  # compared


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link of the mail, and for how many recipients it was followed, by verdict."""

    number: int
    address: str
    people: int
    probably: int
    machines: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """What was counted; `columns`: the beginning of an hour or day, people who clicked then, and who opened."""

    links: list[LinkLine]
    rules: list[tuple[Asker, JudgedBy, int]]
    columns: list[tuple[datetime, int, int]]
    is_hourly: bool


def run_to_report(run_id: int, user: User) -> Run:
    """A run of one's own or, for those who oversee, anybody's; also of a mailing that was deleted. Else 404."""
    query = select(Run).where(Run.id == run_id)
    if not user.can(Permission.OVERSEE):
        query = query.where(Run.owner_id == user.id)
    return db.one_or_404(query)


def report_of(run: Run, timezone: str, session: Session | None = None) -> RunReport:
    """Read from the figures that stay."""
    session = session or db.session()
    totals = session.scalars(select(ReactionTotal).where(ReactionTotal.run_id == run.id)).all()
    rules: defaultdict[tuple[Asker, JudgedBy], int] = defaultdict(int)
    for total in totals:
        if total.verdict is not Asker.PERSON:
            rules[total.verdict, total.rule] += total.recipient_count
    columns, is_hourly = _columns(session, run.id, ZoneInfo(timezone))
    return RunReport(
        _links(run, totals), sorted(((*key, count) for key, count in rules.items()), key=lambda one: -one[2]),
        columns, is_hourly,
    )  # fmt: skip


def _links(run: Run, totals: Sequence[ReactionTotal]) -> list[LinkLine]:
    counts: defaultdict[int, dict[Asker, int]] = defaultdict(dict)
    for total in totals:
        if total.link != OPEN:
            of_link = counts[total.link]
            of_link[total.verdict] = of_link.get(total.verdict, 0) + total.recipient_count
    lines = []
    for number in range(1, len((run.snapshot.get("tracking") or {}).get("links", ())) + 1):
        found = [counts[number].get(verdict, 0) for verdict in (Asker.PERSON, Asker.PROBABLY, Asker.MACHINE)]
        lines.append(LinkLine(number, run.link_address(number) or "", *found))
    return lines


def _columns(session: Session, run_id: int, zone: ZoneInfo) -> tuple[list[tuple[datetime, int, int]], bool]:
    rows = session.scalars(select(ReactionHour).where(ReactionHour.run_id == run_id).order_by(ReactionHour.hour)).all()
    if not rows:
        return [], True
    is_hourly = rows[-1].hour - rows[0].hour <= HOURLY_WITHIN
    counts: defaultdict[datetime, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        local = row.hour.astimezone(zone)
        start = row.hour if is_hourly else local.replace(hour=0, minute=0)
        counts[start][0] += row.clicked_count
        counts[start][1] += row.opened_count
    step, at, last = timedelta(hours=1) if is_hourly else timedelta(days=1), min(counts), max(counts)
    columns: list[tuple[datetime, int, int]] = []
    while at <= last and len(columns) < MOST_COLUMNS:
        columns.append((at, *counts.get(at, (0, 0))))
        at += step
    return columns, is_hourly


def runs_compared(mailing_id: int, limit: int | None = MOST_RUNS, session: Session | None = None) -> list[Run]:
    """The latest runs of a mailing that sent anything, the newest first; None: all of them."""
    query = select(Run).where(Run.mailing_id == mailing_id, Run.state != RunState.SKIPPED, Run.accepted_count > 0)
    return list((session or db.session()).scalars(query.order_by(Run.planned_at.desc()).limit(limit)))


def arrived(run: Any) -> int:
    """Of how many the shares are: accepted, and not come back."""
    return int(run.accepted_count - run.bounced_count - run.complained_count)


def mailing_sums(mailing: Mailing) -> Any:
    """The figures of all its runs together, of those that counted clicks beside."""
    counted = Run.is_tracked
    figures = [
        func.coalesce(func.sum(getattr(Run, f"{name}_count")), 0).label(f"{name}_count")
        for name in ("accepted", "bounced", "complained", "unsubscribed", "clicked", "opened")
    ]
    of_counted = func.sum(Run.accepted_count - Run.bounced_count - Run.complained_count).filter(counted)
    query = select(*figures, func.coalesce(of_counted, 0).label("counted_count"), func.count().label("run_count"))
    return db.session.execute(query.where(Run.mailing_id == mailing.id, Run.accepted_count > 0)).one()
