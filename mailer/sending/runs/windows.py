"""Sending hours of runs: each run carries its present (or next) opening, and nothing of it leaves outside."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from mailer.clock import database_now
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.models.mailing import Mailing
from mailer.models.run import SENDING_STATES, Run, RunState
from mailer.sending.conditions import OPEN_SENDING_STATES

ASKED_AGAIN = timedelta(days=1)  # hours that never open may be changed
ON_DEMAND = "manual:"


def enter_window(run: Run, mailing: Mailing, now: datetime) -> None:
    """Let the run send, or wait for its hours; no commit. A run on demand waits for none: a person asked for it; one in
    waves has those of its slices."""
    has_none = run.occurrence.startswith(ON_DEMAND) or run.wave_local is not None
    window = None if has_none else mailing.window
    if window is None:
        run.state, run.window_opens_at, run.window_closes_at = RunState.SENDING, None, None
        return
    opening = window.opening(now)
    if opening is None:
        run.window_opens_at = run.window_closes_at = now + ASKED_AGAIN
    else:
        run.window_opens_at, run.window_closes_at = opening.opens_at, opening.closes_at
    is_open = opening is not None and opening.opens_at <= now
    run.state = RunState.SENDING if is_open else RunState.WAITING_FOR_WINDOW
    if run.started_at is None and run.window_opens_at is not None:
        run.due_at = max(run.due_at or run.planned_at, run.window_opens_at)


def open_and_close_windows(now: datetime | None = None) -> list[int]:
    """Open the runs whose hours have come and hold back those whose hours are over; their ids. Commits each."""
    now = now or database_now()
    is_open = and_(Run.window_opens_at <= now, Run.window_closes_at > now)
    turned = or_(
        and_(Run.state == RunState.WAITING_FOR_WINDOW, Run.window_opens_at <= now),
        and_(Run.state.in_(SENDING_STATES), ~is_open),
    )
    query = select(Run.id).where(Run.closed_at.is_(None), Run.window_closes_at.is_not(None), turned)
    ids = list(db.session.scalars(query))
    for run_id in ids:
        _turn(run_id, now)
    return ids


def _turn(run_id: int, now: datetime) -> None:
    run = db.session.get_one(Run, run_id, populate_existing=True)
    mailing = db.session.scalars(
        select(Mailing).where(Mailing.id == run.mailing_id).with_for_update(**AS_IT_IS)
    ).one()  # the mailing first, as everyone who locks both does
    lock_row(run, FOR_CHANGE)
    if run.closed_at is None and run.state in OPEN_SENDING_STATES:
        enter_window(run, mailing, now)
    db.session.commit()
