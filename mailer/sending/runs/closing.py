"""The end of a run: its verdict, what is stopped, and what an owner decides afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update

from mailer.clock import database_now, utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.delivery import MAY_BE_SENT_AGAIN, Delivery, DeliveryState, Reason
from mailer.models.mailing import Audience, Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.slice import Slice
from mailer.models.wave import Wave
from mailer.sending import server_faults, warm_ups
from mailer.sending.conditions import IS_FREE, IS_UNFINISHED
from mailer.sending.runs import slicing

STOPPED_BECAUSE = {
    StopReason.OWNER: Reason.STOPPED_BY_OWNER,
    StopReason.DISABLED: Reason.STOPPED_DISABLED,
    StopReason.MANAGER: Reason.STOPPED_BY_MANAGER,
    StopReason.BLOCKED: Reason.STOPPED_BLOCKED,
    StopReason.DELETED: Reason.STOPPED_DELETED,
    StopReason.ENDED: Reason.STOPPED_ENDED,
    StopReason.NO_CATCHER: Reason.STOPPED_NO_CATCHER,
}

CUT_OFF = (Delivery.state == DeliveryState.STOPPED, Delivery.reason.in_(MAY_BE_SENT_AGAIN))
DONE = select(Run).where(
    Run.closed_at.is_(None),
    Run.waiting_count == 0,
    Run.unlisted_count == 0,
    or_(Run.state != RunState.PLANNED, Run.stop_reason.is_not(None)),
)

OPEN = select(Run.id).where(Run.closed_at.is_(None)).limit(1)


def is_any_open() -> bool:
    """Whether there is a run that may have to be moved, stopped or closed."""
    found = db.session.scalar(OPEN)
    db.session.rollback()
    return found is not None


def final_state(run: Run) -> RunState:
    """The final state of a run with nobody waiting, by its counters and its stop reason; writes nothing."""
    if run.planned_count == 0 and run.stop_reason is None:
        return RunState.SKIPPED
    if run.stopped_count or run.planned_count == 0:
        return RunState.EXPIRED if run.stop_reason is StopReason.ENDED else RunState.STOPPED
    if run.uncertain_count:
        return RunState.INCOMPLETE
    return RunState.COMPLETE_WITH_REFUSALS if run.refused_count else RunState.COMPLETE


def close_if_done(run_id: int, now: datetime | None = None) -> bool:
    """Close the run when nobody waits, by the run's own counters; whether this call did it. Commits."""
    now = now or utcnow()
    run = db.session.scalar(DONE.where(Run.id == run_id))
    if run is not None:
        # The mailing first, as everyone who locks both does.
        db.session.execute(select(Mailing.id).where(Mailing.id == run.mailing_id).with_for_update(**FOR_CHANGE))
        run = db.session.scalar(
            DONE.where(Run.id == run_id).with_for_update(**FOR_CHANGE).execution_options(populate_existing=True)
        )
    if run is None:
        db.session.rollback()
        return False
    run.state, run.closed_at = final_state(run), now
    db.session.flush()
    complete_mailing(run.mailing_id, now)
    db.session.commit()
    return True


def close_what_is_done() -> list[int]:
    """Close the runs whose last worker died before it could; ids of the runs closed."""
    ids = list(db.session.scalars(DONE.with_only_columns(Run.id)))
    return [run_id for run_id in ids if close_if_done(run_id)]


def complete_mailing(mailing_id: int, now: datetime) -> None:
    """A mailing is completed when no further run can come and the last one is closed; that of a step never is."""
    db.session.execute(
        update(Mailing)
        .where(
            Mailing.id == mailing_id,
            Mailing.next_run_at.is_(None),
            Mailing.audience != Audience.SERIES,
            Mailing.completed_at.is_(None),
            ~exists().where(Run.mailing_id == mailing_id, Run.closed_at.is_(None)),
        )
        .values(completed_at=now)
        .execution_options(synchronize_session=False)
    )


def stop_what_must(now: datetime | None = None) -> list[int]:
    """Turn those still waiting in stopped or expired runs into *stopped*, and close the runs; ids of the runs closed.

    Slices under a live lease are left alone: their worker is refused every further mark and gives them back within a
    second; the next call comes for them.
    """
    now = now or database_now()
    ended = or_(Run.stop_reason.is_not(None), Run.ends_at <= now)
    ids = db.session.scalars(select(Run.id).where(Run.closed_at.is_(None), ended)).all()
    return [run_id for run_id in ids if _stop(run_id, now)]


def _stop(run_id: int, now: datetime) -> bool:
    run = db.session.scalar(select(Run).where(Run.id == run_id, Run.closed_at.is_(None)).with_for_update(**FOR_CHANGE))
    if run is None:
        db.session.rollback()
        return False
    run.stop_reason = run.stop_reason or StopReason.ENDED
    for slice_ in db.session.scalars(_untouched_slices(run_id)):
        _stop_slice(run, slice_)
    db.session.commit()
    return close_if_done(run_id, now)


def _untouched_slices(run_id: int):  # type: ignore[no-untyped-def]
    """Slices with work that nobody holds; those a dead worker holds are for `recovery.settle_abandoned` first."""
    return (
        select(Slice)
        .where(Slice.run_id == run_id, Slice.ready_at.is_not(None), IS_FREE, Slice.marked.is_(None))
        .with_for_update(**FOR_CHANGE, skip_locked=True)
    )


def _stop_slice(run: Run, slice_: Slice) -> None:
    """Those whose mail may have arrived are uncertain, the others stopped, with the words of a server that was why."""
    may_have_it = Delivery.state == DeliveryState.IN_DOUBT
    kept = server_faults.close_attempts(run, slice_.first_position, slice_.last_position)
    db.session.execute(
        update(Delivery)
        .where(
            Delivery.run_id == run.id,
            Delivery.position.between(slice_.first_position, slice_.last_position),
            IS_UNFINISHED,
        )
        .values(
            state=case((may_have_it, DeliveryState.UNCERTAIN.value), else_=DeliveryState.STOPPED.value),
            reason=case((may_have_it, None), else_=_reason_of(run).value),
            retry_at=None,
            attempt_count=Delivery.attempt_count + case((Delivery.position.in_(kept), 1), else_=0),
        )
        .execution_options(synchronize_session=False)
    )
    if slice_.places is not None:  # of a holder who died before any of its mails could leave
        cursor = db.session.connection().connection.cursor()
        warm_ups.give_back(cursor, slice_.places, slice_.places["of"], {})
        cursor.close()
    slice_.ready_at = slice_.lease_token = slice_.leased_until = slice_.leased_by = slice_.places = None


def _reason_of(run: Run) -> Reason:
    assert run.stop_reason is not None
    if run.stop_reason is StopReason.ENDED and run.state is RunState.WAITING_FOR_WINDOW:
        return Reason.STOPPED_WINDOW
    return STOPPED_BECAUSE[run.stop_reason]


def resend_uncertain(run: Run) -> int:
    """The owner's "resend": those uncertain wait again, a second copy of each being possible. How many; no commit."""
    return _reopen(run, Delivery.state == DeliveryState.UNCERTAIN)


def retry_refused(run: Run) -> int:
    """The owner's "retry failed": those refused wait again. How many; no commit."""
    return _reopen(run, Delivery.state == DeliveryState.REFUSED)


def send_to_stopped(run: Run) -> int:
    """The owner's "send to them all the same": those whom the end kept from getting it wait again, and neither the end
    nor the sending hours stop them any more. How many; no commit."""
    count = _reopen(run, *CUT_OFF)
    if count:
        run.ends_at = run.window_opens_at = run.window_closes_at = None
        for table in (Slice, Wave):
            db.session.execute(update(table).where(table.run_id == run.id).values(closes_at=None))
    return count


def cut_off_count(run: Run) -> int:
    """How many `send_to_stopped` would send to."""
    if not run.stopped_count:
        return 0
    query = select(func.count()).select_from(Delivery).where(Delivery.run_id == run.id, *CUT_OFF)
    return db.session.scalar(query) or 0


def count_uncertain_as_accepted(run: Run) -> int:
    """The owner's decision that those uncertain did arrive. How many; no commit."""
    return settle_uncertain(run, Reason.COUNTED_AS_ACCEPTED)


def settle_uncertain(run: Run, reason: Reason, *whom: ColumnElement[bool]) -> int:
    """Those uncertain (of these deliveries) are accepted, for that reason. How many; no commit."""
    lock_row(run, FOR_CHANGE)
    changed = db.session.execute(
        update(Delivery)
        .where(Delivery.run_id == run.id, Delivery.state == DeliveryState.UNCERTAIN, *whom)
        .values(state=DeliveryState.ACCEPTED, reason=reason)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.refresh(run)
    if run.closed_at is not None:
        run.state = final_state(run)
    return int(changed)


def _reopen(run: Run, *whom: ColumnElement[bool]) -> int:
    """Let those people wait again, in a run that goes on until 72 hours from now at the latest; nothing for nobody."""
    db.session.execute(select(Mailing.id).where(Mailing.id == run.mailing_id).with_for_update(**FOR_CHANGE))
    lock_row(run, FOR_CHANGE)
    people = (Delivery.run_id == run.id, *whom)
    if db.session.scalar(select(Delivery.position).where(*people).limit(1)) is None:
        return 0
    if run.closed_at is not None:
        run.state, run.closed_at, run.stop_reason, run.pause_reason = RunState.SENDING, None, None, None
        run.stop_note = None
        if run.ends_at is not None and run.ends_at <= utcnow():
            run.ends_at = None
    run.reopened_at = utcnow()
    db.session.flush()
    changed = db.session.execute(
        update(Delivery)
        .where(*people)
        .values(state=DeliveryState.WAITING, reason=None, transient_count=0)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    slicing.cover(run.id)
    slicing.wake(run.id)
    db.session.execute(update(Mailing).where(Mailing.id == run.mailing_id).values(completed_at=None))
    return int(changed)
