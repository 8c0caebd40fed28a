"""Waves of open runs: begun when their moment comes, held to the sending hours of their zone, and left out when the
service was away for too long.

A wave is begun by the tick, as a run is. What of it waits then, for a mail server or for its turn, goes however late.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import and_, exists, func, literal, or_, select, update

from mailer.clock import database_now
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.slice import Slice
from mailer.models.wave import Wave
from mailer.recurrence.moments import Moment
from mailer.sending import instance_guard
from mailer.sending.conditions import IS_FREE
from mailer.sending.runs.lateness import ALWAYS_ALLOWED, late_limit
from mailer.sending.runs.wave_list import before_the_end, opening_in, window_in

log = structlog.get_logger()


def would_overlap(mailing: Mailing, moment: Moment, begins_at: datetime, now: datetime) -> bool:
    """Whether the run of `moment`, were it to begin then, would be left out for sure: by what goes now, or by waves of
    an earlier run that wait for their sending hours until later."""
    if begins_at <= now:
        return is_overlapped(mailing, moment, now)
    shift = literal(moment.at, Run.planned_at.type) - Run.planned_at
    query = (
        select(Run.id)
        .join(Slice, Slice.run_id == Run.id)
        .join(Wave, and_(Wave.run_id == Slice.run_id, Wave.number == Slice.wave))
        .where(Run.mailing_id == mailing.id, Run.closed_at.is_(None), Run.wave_local.is_not(None))
        .where(Slice.ready_at.is_not(None), Slice.opens_at > begins_at, Wave.planned_at + shift <= begins_at)
    )
    return db.session.scalar(query.limit(1)) is not None


def is_overlapped(mailing: Mailing, moment: Moment, now: datetime) -> bool:
    """Whether a run of the mailing still goes that the one of `moment` would overlap.

    Waves to come overlap nothing: of an earlier run in waves only those count whose counterparts in the new run have
    come already, as whole runs do without waves.
    """
    shift = literal(moment.at, Run.planned_at.type) - Run.planned_at
    is_behind = and_(
        Slice.run_id == Run.id,
        Slice.ready_at.is_not(None),
        Wave.run_id == Slice.run_id,
        Wave.number == Slice.wave,
        Wave.planned_at + shift <= now,
    )
    is_unlisted = and_(
        or_(Run.state == RunState.PLANNED, Run.unlisted_count > 0),
        func.coalesce(Run.due_at, Run.planned_at) + shift <= now,
    )
    goes_on = or_(Run.wave_local.is_(None), is_unlisted, exists().where(is_behind))
    query = select(Run.id).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None), goes_on)
    return db.session.scalar(query.limit(1)) is not None


def begin_and_hold_waves(now: datetime | None = None) -> int:
    """Begin the waves whose moment has come, and let those whose sending hours are over wait for the next; how many
    changed. Commits each."""
    if instance_guard.sending_is_blocked():
        return 0
    now = now or database_now()
    is_open = (Run.closed_at.is_(None), Run.stop_reason.is_(None), Run.wave_local.is_not(None))
    begins = select(Wave.run_id, Wave.number).join(Run, Run.id == Wave.run_id)
    begins = begins.where(*is_open, Wave.begun_at.is_(None), Wave.opens_at <= now)
    closes = select(Slice.run_id, Slice.wave).distinct().join(Run, Run.id == Slice.run_id)
    closes = closes.where(*is_open, Slice.closes_at <= now, Slice.ready_at.is_not(None), IS_FREE)
    found = [(run_id, number, True) for run_id, number in db.session.execute(begins.order_by(*begins.selected_columns))]
    found += [(run_id, number, False) for run_id, number in db.session.execute(closes)]
    db.session.rollback()
    for run_id, number, is_begun in found:
        _turn(run_id, number, now, is_begun=is_begun)
    return len(found)


def _turn(run_id: int, number: int, now: datetime, *, is_begun: bool) -> None:
    run = db.session.get_one(Run, run_id, populate_existing=True)
    # The mailing first, as everyone who locks both does.
    mailing = db.session.scalars(select(Mailing).where(Mailing.id == run.mailing_id).with_for_update(**AS_IT_IS)).one()
    lock_row(run, FOR_CHANGE)
    wave = db.session.get_one(Wave, (run_id, number), populate_existing=True)
    if run.closed_at is None and run.stop_reason is None:
        if is_begun:
            _begin(run, mailing, wave, now)
        else:
            _hold(run, mailing, wave, now)
    db.session.commit()


def _begin(run: Run, mailing: Mailing, wave: Wave, now: datetime) -> None:
    if wave.begun_at is not None:
        return
    assert run.wave_local is not None
    wave.begun_at = now
    limit = max(late_limit(mailing, Moment(run.wave_local, run.planned_at)), ALWAYS_ALLOWED)
    if now - wave.opens_at <= limit:
        return
    wave.is_too_late = True
    log.warning("a wave is too late", run=run.id, wave=wave.number, planned=wave.planned_at.isoformat())
    for slice_ in db.session.scalars(_of_wave(wave).where(Slice.marked.is_(None))).all():
        db.session.execute(
            update(Delivery)
            .where(
                Delivery.run_id == run.id,
                Delivery.position.between(slice_.first_position, slice_.last_position),
                Delivery.state == DeliveryState.WAITING,
                Delivery.attempt_count == 0,
            )
            .values(state=DeliveryState.EXCLUDED, reason=Reason.TOO_LATE, retry_at=None)
            .execution_options(synchronize_session=False)
        )  # its slice is found empty by whoever takes it up


def _hold(run: Run, mailing: Mailing, wave: Wave, now: datetime) -> None:
    window = window_in(mailing, wave.timezone)
    times = (max(wave.planned_at, now), None) if window is None else opening_in(window, wave.planned_at, now)
    opens_at, closes_at = before_the_end(mailing, wave.timezone, times, run.ends_at)
    wave.opens_at, wave.closes_at = opens_at, closes_at
    for slice_ in db.session.scalars(_of_wave(wave).where(Slice.closes_at <= now)).all():
        slice_.opens_at, slice_.closes_at = opens_at, closes_at
        slice_.ready_at = max(slice_.ready_at or now, opens_at)


def _of_wave(wave: Wave):  # type: ignore[no-untyped-def]
    """Slices of the wave with work that nobody holds."""
    return (
        select(Slice)
        .where(Slice.run_id == wave.run_id, Slice.wave == wave.number, Slice.ready_at.is_not(None), IS_FREE)
        .order_by(Slice.id)
        .with_for_update(**FOR_CHANGE, skip_locked=True)
    )
