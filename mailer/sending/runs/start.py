"""From a due mailing to its run.

Cheap, since the tick does it: the list of the people is made by the worker that sends (`recipient_list`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.recurrence.moments import Moment, next_moment
from mailer.sending import instance_guard
from mailer.sending.runs import audience, limits
from mailer.sending.runs.lateness import due_moments, is_too_late, was_held
from mailer.sending.runs.next_run import has_open_run, occurrence_of, point_at
from mailer.sending.runs.run_rows import insert_run, insert_skipped
from mailer.sending.runs.wave_plan import wave_local_of
from mailer.sending.runs.waves import is_overlapped
from mailer.sending.runs.windows import ON_DEMAND

log = structlog.get_logger()
BATCH = 50  # mailings started in one transaction


class NoRecipients(Refusal):
    """Everyone chosen is left out, or nobody is chosen."""


class AlreadyRunning(Refusal):
    """A run of this mailing is still going."""


def start_due(now: datetime | None = None, limit: int = 1000, begun: Callable[[], object] = lambda: None) -> list[int]:
    """Give every mailing whose moment has come its run; ids of the runs made. Safe beside other schedulers.

    Some mailings a transaction: another scheduler skips those in work, and `begun` is called after each, so that the
    first need not wait for the last. One that cannot be started is logged and left alone; the others of its batch are
    then taken one by one. The time is the database's, unless `now` is given.
    """
    now = _now_if_any_is_due(now)
    started: list[int] = []
    broken: list[int] = []
    if now is None or instance_guard.sending_is_blocked():
        return started
    while limit > 0:
        query = _due(now).where(Mailing.id.not_in(broken)).limit(min(BATCH, limit))
        mailings = db.session.scalars(query.with_for_update(**FOR_CHANGE, skip_locked=True, of=Mailing)).all()
        ids = [mailing.id for mailing in mailings]
        limit -= len(ids)
        if not ids:
            db.session.rollback()
            return started
        try:
            going, confirmed_at = _going(ids), instance_guard.confirmed_at()
            run_ids = [
                run_id for mailing in mailings for run_id in _start(mailing, now, mailing.id in going, confirmed_at)
            ]
            db.session.commit()
        except Exception:
            db.session.rollback()
            run_ids = [run_id for id_ in ids for run_id in _start_alone(id_, now, broken)]
        started += run_ids
        begun()
    return started


def _start_alone(mailing_id: int, now: datetime, broken: list[int]) -> list[int]:
    query = _due(now).where(Mailing.id == mailing_id).with_for_update(**FOR_CHANGE, skip_locked=True, of=Mailing)
    mailing = db.session.scalar(query)
    run_ids: list[int] = []
    try:
        if mailing is not None:
            run_ids = _start(mailing, now, has_open_run(mailing), instance_guard.confirmed_at())
        db.session.commit()
    except Exception:
        db.session.rollback()
        log.exception("a mailing cannot be started", mailing=mailing_id)
        broken.append(mailing_id)
        return []
    return run_ids


def _now_if_any_is_due(now: datetime | None) -> datetime | None:
    """The time, if a look at the partial index finds any candidate: all that most ticks need."""
    at = literal(now) if now is not None else func.now()
    found = db.session.scalar(select(at).select_from(Mailing).where(*_is_candidate(at)).limit(1))
    db.session.rollback()
    return found


def seconds_to_next(within: float) -> float | None:
    """How long until the next mailing is due, if that is no more than `within` seconds off, by the database's clock."""
    now, begins_at = func.clock_timestamp(), func.least(Mailing.next_run_at, Mailing.first_wave_at)
    at = func.min(begins_at)
    # The time of the transaction, which has just begun: by one that goes on no index can be asked.
    coming = (*_is_candidate(func.now() + timedelta(seconds=within)), begins_at > now)
    found = db.session.scalar(select(func.extract("epoch", at - now)).where(*coming))
    db.session.rollback()
    return None if found is None else max(0.0, float(found))


def _is_candidate(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return (
        Mailing.next_run_at.is_not(None),
        or_(Mailing.next_run_at <= now, Mailing.first_wave_at <= now),
        Mailing.paused_at.is_(None),
        Mailing.disabled_at.is_(None),
        Mailing.deleted_at.is_(None),
    )


def _due(now: datetime):  # type: ignore[no-untyped-def]
    """Due mailings that may send, the oldest first; the partial index holds just the candidates."""
    return (
        select(Mailing)
        .join(Mailing.owner)
        .options(contains_eager(Mailing.owner), joinedload(Mailing.message, innerjoin=True))
        .where(*_is_candidate(now), User.blocked_at.is_(None))
        .order_by(Mailing.next_run_at, Mailing.id)
    )


def _going(mailing_ids: Sequence[int]) -> set[int]:
    """Those with an open run."""
    return set(
        db.session.scalars(select(Run.mailing_id).where(Run.mailing_id.in_(mailing_ids), Run.closed_at.is_(None)))
    )


def _start(mailing: Mailing, now: datetime, is_going: bool, confirmed_at: datetime | None) -> list[int]:
    """Give the mailing the run of its present moment, or the rows that say why not, and move it on; ids of the runs.

    None where that run existed already; several where waves of earlier ones are still to come. See `lateness` for what
    is too late. What passed during a pause is not made good: nobody who resumes should set off mail of the past.
    """
    due = due_moments(mailing, now)
    held = [moment for moment in due if was_held(mailing, moment, confirmed_at)]
    insert_skipped(mailing, held, now, StopReason.HELD)
    rest = [moment for moment in due if moment not in held]
    in_time = [moment for moment in (rest if mailing.in_waves else rest[-1:]) if not is_too_late(mailing, moment, now)]
    begun = [_start_present(mailing, moment, now, is_going) for moment in in_time]
    run_ids = [run_id for run_id in begun if run_id is not None]
    insert_skipped(mailing, [moment for moment in rest if moment not in in_time], now, StopReason.MISSED)
    mailing.started_at = mailing.started_at or now
    mailing.skipped_count += len(due) - len(run_ids)
    point_at(mailing, next_moment(mailing.rule, max(now, due[-1].at, mailing.moved_from_at or now)))
    if mailing.next_run_at is None and not run_ids and not is_going:
        mailing.completed_at = now
    return run_ids


def _start_present(mailing: Mailing, moment: Moment, now: datetime, is_going: bool) -> int | None:
    if is_overlapped(mailing, moment, now) if mailing.in_waves else is_going:
        insert_run(mailing, occurrence_of(mailing, moment), moment.at, now, StopReason.OVERLAP)
        return None
    mailing.last_run_at = now
    occurrence, wave_local = occurrence_of(mailing, moment), wave_local_of(mailing, moment)
    return insert_run(mailing, occurrence, moment.at, now, wave_local=wave_local)


def start_now(mailing: Mailing, token: str, now: datetime | None = None) -> Run:
    """Make a run on demand and commit; the same `token` always means the same run.

    Raises NoRecipients, AlreadyRunning, InstanceHeld or limits.NotPermitted, and then nothing is made.
    """
    now = now or utcnow()
    instance_guard.require_confirmed()
    occurrence = f"{ON_DEMAND}{token}"[:64]
    limits.take_turn(mailing.owner)
    db.session.execute(select(Mailing.id).where(Mailing.id == mailing.id).with_for_update(**FOR_CHANGE))
    existing = db.session.scalar(select(Run).where(Run.mailing_id == mailing.id, Run.occurrence == occurrence))
    if existing is not None:
        return existing
    if has_open_run(mailing):
        raise AlreadyRunning(_("A run of this mailing is still in progress. Wait until it ends, or stop it."))
    limits.require(mailing, _refuse_nobody(mailing), now)
    run_id = insert_run(mailing, occurrence, now, now)
    mailing.completed_at = None
    mailing.started_at = mailing.started_at or now
    mailing.last_run_at = now
    db.session.commit()
    return db.session.get_one(Run, run_id)


def _refuse_nobody(mailing: Mailing) -> int:
    """How many will get it; raises NoRecipients."""
    counts = audience.summary(mailing)
    if counts.will_get == 0:
        raise NoRecipients(
            _(
                "There is nobody to send to: %(total)s chosen, of whom %(unsubscribed)s unsubscribed and "
                "%(suppressed)s are suppressed.",
                total=counts.total,
                unsubscribed=counts.unsubscribed,
                suppressed=counts.suppressed,
            )
        )
    return counts.will_get
