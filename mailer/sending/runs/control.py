"""Pausing, resuming and stopping: one UPDATE in the caller's transaction, obeyed from its commit on.

A worker asks the run's row before any content leaves, so at most the transactions then open still go out.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, func, select, update

from mailer.clock import database_now, utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mailing import Mailing
from mailer.models.run import PauseReason, Run, RunState, StopReason
from mailer.sending.conditions import OPEN_SENDING_STATES


def pause(mailing: Mailing) -> None:
    """Those waiting keep waiting, until the owner resumes. No commit."""
    mailing.paused_at = mailing.paused_at or utcnow()
    db.session.execute(
        update(Run)
        .where(Run.mailing_id == mailing.id, Run.state.in_(OPEN_SENDING_STATES))
        .values(state=RunState.PAUSED)
    )


def resume(mailing: Mailing) -> None:
    """End the owner's pause, and that of a run that paused by itself: it will not do so again. No commit."""
    mailing.paused_at = None
    release(mailing)
    db.session.execute(
        update(Run)
        .where(Run.mailing_id == mailing.id, Run.state == RunState.PAUSED, Run.stop_reason.is_(None))
        .values(
            state=RunState.SENDING,
            tolerates_refusals=Run.tolerates_refusals | (Run.pause_reason == PauseReason.REFUSALS).is_(True),
            tolerates_bounces=Run.tolerates_bounces | (Run.pause_reason == PauseReason.BOUNCES).is_(True),
            pause_reason=None,
        )
    )
    db.session.execute(
        update(Run).where(Run.mailing_id == mailing.id, Run.state == RunState.PLANNED).values(pause_reason=None)
    )


def pause_restored() -> int:
    """Let every open run wait for its owner, its mailing too: nobody here knows what went on elsewhere. How many; no
    commit."""
    is_open = (Run.closed_at.is_(None), Run.stop_reason.is_(None))
    of_them = select(Run.mailing_id).where(*is_open)
    for ids in (select(Mailing.id).where(Mailing.id.in_(of_them)), select(Run.id).where(*is_open)):
        db.session.execute(ids.order_by(ids.selected_columns[0]).with_for_update(**FOR_CHANGE))  # in the common order
    db.session.execute(
        update(Mailing)
        .where(Mailing.id.in_(of_them))
        .values(paused_at=func.coalesce(Mailing.paused_at, utcnow()))
        .execution_options(synchronize_session=False)
    )
    is_listed = Run.state != RunState.PLANNED  # the others pause once their list is made, since the mailing does
    paused = db.session.execute(
        update(Run)
        .where(*is_open)
        .values(pause_reason=PauseReason.RESTORED, state=case((is_listed, RunState.PAUSED.value), else_=Run.state))
        .execution_options(synchronize_session=False)
    )
    return int(paused.rowcount)  # type: ignore[attr-defined]


def release(mailing: Mailing) -> None:
    """Sending goes on from now; the tick shows the moments that passed meanwhile as left out. No commit."""
    mailing.released_at = database_now()


def stop(mailing: Mailing, reason: StopReason) -> None:
    """Nothing more of the open runs is sent; the tick turns those waiting into *stopped*. No commit."""
    _stop(Run.mailing_id == mailing.id, reason)


def stop_owner(user_id: int, reason: StopReason = StopReason.BLOCKED) -> None:
    """The same for every open run of a person, who is blocked in the same transaction. No commit."""
    _stop(Run.owner_id == user_id, reason)


def stop_run(run_id: int, reason: StopReason) -> None:
    """The same for one run. Commits."""
    _stop(Run.id == run_id, reason)
    db.session.commit()


def _stop(whose: ColumnElement[bool], reason: StopReason) -> None:
    db.session.execute(
        update(Run).where(whose, Run.closed_at.is_(None), Run.stop_reason.is_(None)).values(stop_reason=reason)
    )
