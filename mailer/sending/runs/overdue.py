"""Runs that people should hear of: not begun five minutes after they could have, or left out for being missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason

LATE_AFTER = timedelta(minutes=5)
MOST = 500  # said at once
EXPECTED = (RunState.PLANNED, RunState.SENDING, RunState.WAITING_FOR_SERVER)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong with one mailing: a run that is late, since when, and how many were missed."""

    mailing: Mailing
    late_since: datetime | None
    missed_count: int


def alarms(now: datetime) -> list[Alarm]:
    """What has not been said yet, by mailing; from now on it counts as said. The caller commits."""
    late = {run.mailing_id: run for run in _late(now)}
    missed = _missed()
    counts: dict[int, int] = {}
    for run in missed:
        counts[run.mailing_id] = counts.get(run.mailing_id, 0) + 1
    for run in (*late.values(), *missed):
        run.alarmed_at = now
    mailings = db.session.scalars(select(Mailing).where(Mailing.id.in_({*late, *counts})).order_by(Mailing.id))
    return [
        Alarm(mailing, _since(late[mailing.id]) if mailing.id in late else None, counts.get(mailing.id, 0))
        for mailing in mailings
        if mailing.deleted_at is None
    ]


def late_count(now: datetime) -> int:
    """How many runs are late, said or not."""
    return db.session.scalar(select(func.count()).select_from(_late_query(now).subquery())) or 0


def _since(run: Run) -> datetime:
    return run.due_at or run.planned_at


def is_late(now: datetime) -> list[ColumnElement[bool]]:
    """The conditions of a run that should have begun by now."""
    return [
        Run.closed_at.is_(None),
        Run.started_at.is_(None),
        Run.stop_reason.is_(None),
        Run.state.in_(EXPECTED),
        Run.occurrence.not_like("manual:%"),
        func.coalesce(Run.due_at, Run.planned_at) < now - LATE_AFTER,
    ]


def _late_query(now: datetime):  # type: ignore[no-untyped-def]
    return select(Run).where(*is_late(now))


def _late(now: datetime) -> Sequence[Run]:
    query = _late_query(now).where(Run.alarmed_at.is_(None)).order_by(Run.id).limit(MOST)
    return db.session.scalars(query.with_for_update(**FOR_CHANGE, skip_locked=True)).all()


def _missed() -> Sequence[Run]:
    query = select(Run).where(Run.stop_reason == StopReason.MISSED, Run.alarmed_at.is_(None)).order_by(Run.id)
    return db.session.scalars(query.limit(MOST).with_for_update(**FOR_CHANGE, skip_locked=True)).all()
