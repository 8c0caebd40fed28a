"""The run of a step and day: made with its first people, and taken up again for those who come later."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.recurrence.rule import zone_named
from mailer.sending.conditions import OPEN_SENDING_STATES
from mailer.sending.runs import windows
from mailer.sending.runs.run_rows import insert_run, snapshot_of

NAME = "step:"
# Over because everybody on its list had their mail, or was left out: nobody ended it.
OVER_FOR_NOW = frozenset({RunState.COMPLETE, RunState.COMPLETE_WITH_REFUSALS, RunState.INCOMPLETE})


def of_today(mailing: Mailing, needs_approval: bool, planned_at: datetime, now: datetime) -> Run:
    """The run that people of this step are written on now, locked; the mailing is the caller's. No commit.

    The day is the owner's, as that of the ceilings is. A run that somebody ended or paused, that has another text, or
    that needed no approval where these people do, is left as it is, and there is one more.
    """
    day = now.astimezone(zone_named(mailing.owner.timezone)).date().isoformat()
    snapshot = snapshot_of(mailing)
    runs = db.session.scalars(
        select(Run).where(Run.mailing_id == mailing.id, Run.occurrence.like(f"{NAME}{day}:%")).order_by(Run.id)
    ).all()
    if runs and _takes_more(runs[-1], snapshot, needs_approval):
        return runs[-1]
    run_id = insert_run(mailing, f"{NAME}{day}:{len(runs) + 1}", planned_at, now, snapshot=snapshot)
    assert run_id is not None, "the mailing is locked"
    run = db.session.get_one(Run, run_id)
    run.is_approved = needs_approval
    mailing.started_at, mailing.last_run_at = mailing.started_at or now, now
    return run


def _takes_more(run: Run, snapshot: dict[str, object], needs_approval: bool) -> bool:
    lock_row(run, FOR_CHANGE)
    is_free = run.stop_reason is None and run.state in OPEN_SENDING_STATES | OVER_FOR_NOW
    return is_free and run.snapshot == snapshot and run.is_approved == needs_approval


def open_for_more(run: Run, mailing: Mailing, now: datetime) -> None:
    """Let the run send to those about to be listed, within the mailing's hours; no commit."""
    if run.planned_count:
        run.reopened_at = now  # the last to come have their 72 hours, and count in the limit of the day to come
    if run.state is not RunState.WAITING_FOR_SERVER:
        run.closed_at, run.pause_reason = None, None
        windows.enter_window(run, mailing, now)
    db.session.flush()
