"""Pausing, resuming, switching off and stopping a series: with it the mailings of its steps, in the caller's
transaction, obeyed from its commit on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from mailer.clock import database_now
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.mailing import Mailing
from mailer.models.run import StopReason
from mailer.models.series import Enrolment, EnrolmentState, LeftReason, Series, SeriesState, SeriesStep
from mailer.sending.runs import control
from mailer.sending.series.looking import next_look
from mailer.sending.series.places import active_of, hold, leave_those, point


def mailings_of(series: Series) -> list[Mailing]:
    """The mailings of all its steps, those taken out too, locked in the common order."""
    ids = select(SeriesStep.mailing_id).where(SeriesStep.series_id == series.id)
    query = select(Mailing).where(Mailing.id.in_(ids)).order_by(Mailing.id).with_for_update(**FOR_CHANGE)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def start(series: Series, now: datetime) -> None:
    """Let people enter from now on. No commit."""
    hold(series)
    series.state, series.started_at = SeriesState.ACTIVE, now
    series.next_look_at = now if next_look(series, now) is not None else None
    point(series)


def pause(series: Series) -> None:
    """Nobody is taken, and nothing of what is under way leaves; people still enter. No commit."""
    hold(series)
    series.paused_at = series.paused_at or database_now()
    for mailing in mailings_of(series):
        control.pause(mailing)
    _turn(series)


def resume(series: Series) -> None:
    """Go on; whoever became due meanwhile is judged by the rule for late ones. No commit."""
    hold(series)
    series.paused_at = None
    for mailing in mailings_of(series):
        control.resume(mailing)
    _turn(series)


def disable(series: Series, reason: str, by_id: int) -> None:
    """A manager's switch: nothing more leaves, and the runs under way are stopped. No commit."""
    hold(series)
    series.disabled_at, series.disabled_reason, series.disabled_by_id = database_now(), reason, by_id
    for mailing in mailings_of(series):
        control.stop(mailing, StopReason.DISABLED)
    _turn(series)


def enable(series: Series) -> None:
    """Go on after the switch. No commit."""
    hold(series)
    series.disabled_at = series.disabled_reason = series.disabled_by_id = None
    _turn(series)


def stop(series: Series) -> None:
    """End it for good: everybody leaves, and who waits for a mail under way gets none. No commit."""
    hold(series)
    leave_those(series, [], LeftReason.STOPPED)
    series.state, series.stopped_at, series.paused_at = SeriesState.STOPPED, database_now(), None
    for mailing in mailings_of(series):
        control.stop(mailing, StopReason.OWNER)
        mailing.completed_at = mailing.completed_at or series.stopped_at
    _turn(series)


def pause_all_of(owner_id: int) -> None:
    """Pause every series of a person that is going. No commit."""
    for series in db.session.scalars(active_of(owner_id).order_by(Series.id)):
        pause(series)


def move_on(series: Series, enrolment: Enrolment, now: datetime) -> bool:
    """Let one person be due now in the step they wait for; whether they wait for one. No commit."""
    hold(series)
    lock_row(enrolment, FOR_CHANGE)
    if enrolment.state is not EnrolmentState.WAITING or not series.is_going:
        return False
    enrolment.due_at = now
    point(series)
    return True


def _turn(series: Series) -> None:
    series.next_look_at = next_look(series, database_now())
    point(series)
