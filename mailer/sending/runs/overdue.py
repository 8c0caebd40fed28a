"""Runs, and waves of them, that people should hear of: not begun five minutes after they could have, or left out for
being missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.slice import Slice
from mailer.models.wave import Wave

LATE_AFTER = timedelta(minutes=5)
MOST = 500  # said at once
EXPECTED = (RunState.PLANNED, RunState.SENDING, RunState.WAITING_FOR_SERVER)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong with one mailing: a run that is late, since when, and how many were missed; of runs that go, a wave
    that is late (the zone of most of its people, and since when), and how many waves were left out."""

    mailing: Mailing
    late_since: datetime | None
    missed_count: int
    late_wave: tuple[str, datetime] | None = None
    missed_wave_count: int = 0


def alarms(now: datetime) -> list[Alarm]:
    """What has not been said yet, by mailing; from now on it counts as said. The caller commits."""
    late = {run.mailing_id: run for run in _late(now)}
    missed = _missed()
    counts: dict[int, int] = {}
    for run in missed:
        counts[run.mailing_id] = counts.get(run.mailing_id, 0) + 1
    late_waves, missed_waves = _late_waves(now), _missed_waves()
    for run in (*late.values(), *missed):
        run.alarmed_at = now
    for _mailing_id, wave in (*late_waves, *missed_waves):
        wave.alarmed_at = now
    # The westernmost that is late speaks for those before it.
    waves = {mailing_id: (wave.timezone, wave.opens_at) for mailing_id, wave in late_waves}
    wave_counts = Counter(mailing_id for mailing_id, _wave in missed_waves)
    ids = {*late, *counts, *waves, *wave_counts}
    mailings = db.session.scalars(select(Mailing).where(Mailing.id.in_(ids)).order_by(Mailing.id))
    return [
        Alarm(
            mailing,
            _since(late[mailing.id]) if mailing.id in late else None,
            counts.get(mailing.id, 0),
            waves.get(mailing.id),
            wave_counts[mailing.id],
        )
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


def _late_waves(now: datetime) -> list[tuple[int, Wave]]:
    """Waves that nobody has taken up five minutes after they could leave, with their mailings' ids.

    Not while the run moves: a wave then waits for the one before it, as the end of a long list does. What is held back
    (sending hours, paces, warm-ups) is ready later.
    """
    theirs = (Slice.run_id == Wave.run_id, Slice.wave == Wave.number)
    waits = exists().where(*theirs, Slice.ready_at < now - LATE_AFTER, Slice.marked.is_(None))
    is_taken_up = exists().where(*theirs, Slice.marked.is_not(None))
    moves = exists().where(Slice.run_id == Wave.run_id, Slice.leased_until > now)
    query = (
        select(Run.mailing_id, Wave)
        .join(Run, Run.id == Wave.run_id)
        .where(Run.closed_at.is_(None), Run.started_at.is_not(None), Run.stop_reason.is_(None))
        .where(Run.state.in_(EXPECTED), Wave.alarmed_at.is_(None), ~Wave.is_too_late)
        .where(Wave.opens_at < now - LATE_AFTER, waits, ~is_taken_up, ~moves)
    )
    return _locked_waves(query)


def _missed_waves() -> list[tuple[int, Wave]]:
    """Waves left out for coming too late, of runs that were not missed as a whole, with their mailings' ids."""
    query = (
        select(Run.mailing_id, Wave)
        .join(Run, Run.id == Wave.run_id)
        .where(Wave.is_too_late, Wave.alarmed_at.is_(None), Run.state != RunState.SKIPPED)
    )
    return _locked_waves(query)


def _locked_waves(query: Select[tuple[int, Wave]]) -> list[tuple[int, Wave]]:
    query = query.order_by(Wave.run_id, Wave.number).limit(MOST)
    return list(db.session.execute(query.with_for_update(**FOR_CHANGE, skip_locked=True, of=Wave)).tuples())
