"""A message looked over by a worker, turn by turn: begun, carried on, cancelled. What is looked at: `examined_links`,
`examined_people`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask_babel import gettext as _
from sqlalchemy import delete, func, or_, select, update

from mailer.clock import utcnow
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.messages.examined_links import ask_links
from mailer.messages.examined_people import compose_for_all
from mailer.models.examination import Examination, ExaminationKind, ExaminationState
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.queue import EXAMINE, enqueue

MOST_AT_ONCE = 3  # of an owner
LOST_AFTER = timedelta(seconds=90)  # longer than any step: its worker is dead
SLOW_WAKE_UP = timedelta(seconds=10)
# One step after another, each telling (done, total, result); `result` is what the one before told.
Steps = Callable[[Examination], Iterator[tuple[int, int, dict[str, Any]]]]
STEPS: dict[ExaminationKind, Steps] = {ExaminationKind.LINKS: ask_links, ExaminationKind.PEOPLE: compose_for_all}
log = structlog.get_logger()


@undone_when_refused
def begin(message: Message, kind: ExaminationKind, mailing: Mailing | None) -> Examination:
    """Let a worker look; what was found before is forgotten. Raises Refusal while too many are at it."""
    db.session.execute(select(User.id).where(User.id == message.owner_id).with_for_update(**FOR_CHANGE))
    former = Examination.message_id == message.id, Examination.kind == kind
    at_work = select(func.count()).where(Examination.owner_id == message.owner_id, Examination.finished_at.is_(None))
    if db.session.scalar(select(Examination.id).where(*former, Examination.finished_at.is_(None))):
        raise Refusal(_("This check is already running."))
    if (db.session.scalar(at_work) or 0) >= MOST_AT_ONCE:
        raise Refusal(_("%(count)s of your messages are being checked: wait for one to finish.", count=MOST_AT_ONCE))
    db.session.execute(delete(Examination).where(*former))
    begun = Examination(
        owner_id=message.owner_id,
        message_id=message.id,
        kind=kind,
        mailing_id=mailing.id if mailing is not None else None,
        message_version=message.version,
    )
    db.session.add(begun)
    db.session.commit()
    enqueue(EXAMINE, begun.id)
    return begun


def cancel(message: Message, kind: ExaminationKind) -> None:
    """Stop looking; what was found until now stays. Nothing where nobody looks."""
    open_one = Examination.message_id == message.id, Examination.kind == kind, Examination.finished_at.is_(None)
    _end(ExaminationState.CANCELLED, *open_one)


def latest(message: Message, kind: ExaminationKind) -> Examination | None:
    """The latest one of a message."""
    return db.session.scalar(select(Examination).where(Examination.message_id == message.id, Examination.kind == kind))


def due_examinations(now: datetime) -> list[int]:
    """Those whose wake-up was lost, or whose worker died."""
    waits = Examination.state == ExaminationState.QUEUED, Examination.moved_at < now - SLOW_WAKE_UP
    is_lost = Examination.state == ExaminationState.RUNNING, Examination.moved_at < now - LOST_AFTER
    query = select(Examination.id).where(Examination.finished_at.is_(None))
    return list(db.session.scalars(query.where(or_(waits[0] & waits[1], is_lost[0] & is_lost[1])).limit(20)))


def examine(examination_id: int, seconds: float) -> bool:
    """The job: look for a turn of so many seconds; whether there is more to do. Harmless at any time."""
    now = utcnow()
    may_begin = or_(Examination.state == ExaminationState.QUEUED, Examination.moved_at < now - LOST_AFTER)
    taken = update(Examination).where(Examination.id == examination_id, Examination.finished_at.is_(None), may_begin)
    if db.session.scalar(taken.values(state=ExaminationState.RUNNING, moved_at=now).returning(Examination.id)) is None:
        db.session.rollback()
        return False
    db.session.commit()
    try:
        return _turn(examination_id, seconds)
    except Exception:
        log.exception("a message could not be looked over", examination=examination_id)
        db.session.rollback()
        _end(ExaminationState.FAILED, Examination.id == examination_id, Examination.finished_at.is_(None))
        return False


def _turn(examination_id: int, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    looked_at = db.session.get_one(Examination, examination_id, populate_existing=True)
    running = Examination.id == examination_id, Examination.state == ExaminationState.RUNNING
    for done, total, result in STEPS[looked_at.kind](looked_at):
        is_over = time.monotonic() > ends
        state = ExaminationState.QUEUED if is_over else ExaminationState.RUNNING
        told = {"done_count": done, "total_count": total, "result": result, "state": state, "moved_at": utcnow()}
        goes_on = db.session.execute(update(Examination).where(*running).values(**told)).rowcount  # type: ignore[attr-defined]
        db.session.commit()
        if not goes_on:
            return False  # cancelled, or begun anew
        if is_over:
            return True
    _end(ExaminationState.DONE, *running)
    return False


def _end(state: ExaminationState, *where: Any) -> None:
    db.session.execute(update(Examination).where(*where).values(state=state, finished_at=utcnow()))
    db.session.commit()
