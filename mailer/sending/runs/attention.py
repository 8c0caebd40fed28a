"""Mailings that somebody should look at, said in SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, or_

from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.sending.runs.overdue import is_late
from mailer.sending.runs.stuck import NOTHING_DUE, PAUSED_BY_NOBODY, WITHOUT_HOURS

LATELY = timedelta(days=30)


class Trouble(StrEnum):
    """What is wrong with a mailing."""

    REFUSALS = "refusals"  # mails of its runs of the last 30 days were refused for good
    LATE = "late"  # a run should have begun by now
    STUCK = "stuck"  # an open run does not go on: no mail server, too many refusals, or nothing that moves it


def has_trouble(trouble: Trouble, now: datetime) -> ColumnElement[bool]:
    """The condition for mailings with that trouble."""
    of_it = Run.mailing_id == Mailing.id
    if trouble is Trouble.REFUSALS:
        return exists().where(of_it, Run.refused_count > 0, Run.planned_at > now - LATELY)
    if trouble is Trouble.LATE:
        return exists().where(of_it, *is_late(now))
    waits = or_(Run.state == RunState.WAITING_FOR_SERVER, Run.pause_reason.is_not(None))
    return (
        exists()
        .where(of_it, Run.closed_at.is_(None), or_(waits, NOTHING_DUE, PAUSED_BY_NOBODY, WITHOUT_HOURS))
        .correlate(Mailing)
    )
