"""A worker's turn at one series: its rules looked at, and everybody who is due taken, batch after batch."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.exc import ObjectDeletedError

from mailer.clock import database_now
from mailer.extensions import db
from mailer.models.series import Series, SeriesStep
from mailer.queue import SEND_RUN, enqueue
from mailer.sending import instance_guard
from mailer.sending.series.looking import look
from mailer.sending.series.taking import take


def advance(series_id: int, seconds: float, now: datetime | None = None) -> bool:
    """Work on a series for so long; whether there is more to do at once.

    Harmless at any time and any number of times. Each person is taken in one step at most.
    """
    if instance_guard.sending_is_blocked():
        return False
    until = time.monotonic() + seconds
    with suppress(ObjectDeletedError):
        _look_if_due(series_id, now)
    for step_id in _due_steps(series_id, now):
        while (taken := take(step_id, now)).count:
            if taken.run_id is not None:
                enqueue(SEND_RUN, taken.run_id)
            if time.monotonic() > until:
                return True
    return False


def _look_if_due(series_id: int, now: datetime | None) -> None:
    at = now or database_now()
    series = db.session.get(Series, series_id, populate_existing=True)
    is_due = series is not None and series.is_going and series.next_look_at is not None and series.next_look_at <= at
    if series is not None and is_due and series.owner.blocked_at is None:
        look(series, at)
    db.session.rollback()


def _due_steps(series_id: int, now: datetime | None) -> list[int]:
    """The last step first: whoever moves on is not met again in this turn, be the next delay none at all."""
    at = now or database_now()
    due = SeriesStep.series_id == series_id, SeriesStep.next_due_at <= at
    ids = list(db.session.scalars(select(SeriesStep.id).where(*due).order_by(SeriesStep.position.desc())))
    db.session.rollback()
    return ids
