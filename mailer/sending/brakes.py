"""Pausing, resuming and stopping: one UPDATE in the caller's transaction, obeyed from its commit on.

A worker asks the run's row before any content leaves, so at most the transactions then open still go out.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, update

from mailer.clock import database_now, utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import PauseReason, Run, RunState, StopReason

GOING = (RunState.SENDING, RunState.WAITING_FOR_SERVER, RunState.WAITING_FOR_WINDOW)


def pause(mailing: Mailing) -> None:
    """The owner's brake: those waiting keep waiting. No commit."""
    mailing.paused_at = mailing.paused_at or utcnow()
    db.session.execute(
        update(Run).where(Run.mailing_id == mailing.id, Run.state.in_(GOING)).values(state=RunState.PAUSED)
    )


def resume(mailing: Mailing) -> None:
    """Let go of the owner's brake, and of the one a run put on by itself: it will not do so again. No commit."""
    mailing.paused_at = None
    release(mailing)
    db.session.execute(
        update(Run)
        .where(Run.mailing_id == mailing.id, Run.state == RunState.PAUSED, Run.stop_reason.is_(None))
        .values(
            state=RunState.SENDING,
            tolerates_refusals=Run.tolerates_refusals | (Run.pause_reason == PauseReason.REFUSALS).is_(True),
            pause_reason=None,
        )
    )


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
