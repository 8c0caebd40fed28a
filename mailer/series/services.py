"""Rules and writes of series: each call is one commit."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from mailer.clock import database_now, utcnow
from mailer.errors import Conflict, Refusal, undone_when_refused
from mailer.extensions import db
from mailer.locks import AS_IT_IS, waiting_for
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.series import (
    MOST_SERIES,
    MOST_STEPS,
    Enrolment,
    LeftReason,
    Series,
    SeriesState,
    SeriesStep,
)
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending import instance_guard
from mailer.sending.runs import limits
from mailer.sending.series import control, looking
from mailer.sending.series.entering import wake
from mailer.sending.series.places import hold, leave, point
from mailer.series import moving
from mailer.series.plan import SeriesPlan, apply_mailing, apply_step, changed_calendar


@undone_when_refused
def save_series(owner: User, plan: SeriesPlan, series: Series | None = None, version: int | None = None) -> Series:
    """Create a series or change one, people in it included; Refusal beyond the quotas, Conflict over another's change.

    Steps keep their ids. Who waits for a step that is taken out goes on to the one after it; who waits for one whose
    delay is another now waits for the new moment, never for one that has passed.
    """
    _require_steps(plan)
    if series is None:
        _require_room(owner)
        series = Series(owner_id=owner.id, created_at=utcnow())
        plan.apply_to(series)
        db.session.add(series)
        db.session.flush()
        is_moved = False
    else:
        _hold_for_change(series, version)
        series.version += 1
        is_moved = changed_calendar(series, plan)
        plan.apply_to(series)
    now = database_now()
    removed = _take_out_steps(series, plan, now)
    changed = _write_steps(series, plan, is_moved)
    if series.state is SeriesState.ACTIVE:
        moving.settle(series, removed, changed, now)
        series.next_look_at = looking.next_look(series, now)
    point(series)
    db.session.commit()
    return series


def _take_out_steps(series: Series, plan: SeriesPlan, now: datetime) -> list[moving.Removed]:
    """Those that the plan has no more, each with the step before it that stays."""
    kept, before, removed = {one.id for one in plan.steps}, None, []
    for step in series.steps:
        if step.id in kept:
            before = step.id
            continue
        step.removed_at = now
        db.session.get_one(Mailing, step.mailing_id).completed_at = now
        removed.append(moving.Removed(step, before))
    return removed


def _write_steps(series: Series, plan: SeriesPlan, is_moved: bool) -> list[SeriesStep]:
    """The steps whose people wait for other moments now."""
    present = {step.id: step for step in series.steps}
    changed: list[SeriesStep] = []
    for number, one in enumerate(plan.steps, 1):
        _hold_message(one.message)
        known = present.get(one.id or 0)
        is_other = known is not None and (is_moved or known.delay != one.delay)
        step = known or _new_step(series)
        mailing = db.session.get_one(Mailing, step.mailing_id) if known else Mailing(owner_id=series.owner_id)
        apply_mailing(mailing, series, one.message, number)
        db.session.add(mailing)
        db.session.flush()
        step.mailing_id = mailing.id
        apply_step(step, one, number)
        db.session.add(step)
        if is_other:
            changed.append(step)
    db.session.flush()
    db.session.expire(series, ["steps"])
    return changed


def _new_step(series: Series) -> SeriesStep:
    return SeriesStep(owner_id=series.owner_id, series_id=series.id)


@undone_when_refused
def start(series: Series) -> None:
    """Let people enter from now on; Refusal where nothing may be sent, or a step could send nothing."""
    instance_guard.require_confirmed()
    hold(series)
    if series.state is not SeriesState.DRAFT:
        raise Refusal(_("This series has been started already."))
    limits.require_way(series.owner)
    for step in series.steps:
        _hold_message(step.mailing.message)
    if looking.is_segment_broken(series):
        raise Refusal(
            _("The segment of this series cannot be used: it refers to a field or segment that no longer exists.")
        )
    control.start(series, database_now())
    db.session.commit()
    wake(series)


@undone_when_refused
def pause(series: Series) -> None:
    """Hold everybody where they are, until `resume`."""
    _require_active(series)
    control.pause(series)
    db.session.commit()


@undone_when_refused
def resume(series: Series) -> None:
    """Let a paused series go on, and steps that paused by themselves."""
    _require_active(series)
    control.resume(series)
    db.session.commit()
    enqueue(TICK)


@undone_when_refused
def stop(series: Series) -> None:
    """End the series for good: everybody in it leaves."""
    _require_active(series)
    control.stop(series)
    db.session.commit()
    enqueue(TICK)


@undone_when_refused
def delete(series: Series) -> None:
    """Hide a series that is not going, until `restore`; what it sent stays in its runs and reports."""
    hold(series)
    if series.state is SeriesState.ACTIVE:
        raise Refusal(_("Stop the series before you delete it."))
    series.deleted_at = utcnow()
    for mailing in control.mailings_of(series):
        mailing.completed_at = mailing.completed_at or series.deleted_at
    db.session.commit()


@undone_when_refused
def restore(series: Series) -> None:
    """Undo a deletion; Refusal where others have taken its room."""
    _require_room(series.owner)
    hold(series)
    series.deleted_at = None
    if series.state is SeriesState.DRAFT:
        for mailing in control.mailings_of(series):
            mailing.completed_at = None
    db.session.commit()


@undone_when_refused
def take_out(series: Series, enrolment: Enrolment) -> None:
    """Let one person leave; Refusal when they are over already."""
    hold(series)
    if not leave(series, [enrolment.id], LeftReason.OWNER):
        raise Refusal(_("This person is no longer in the series."))
    point(series)
    db.session.commit()


@undone_when_refused
def move_on(series: Series, enrolment: Enrolment) -> None:
    """Send one person the step they wait for now; Refusal when they wait for none."""
    if not control.move_on(series, enrolment, database_now()):
        raise Refusal(_("This person is not waiting for a step that could be sent now."))
    db.session.commit()
    wake(series)


def _require_steps(plan: SeriesPlan) -> None:
    if not plan.steps:
        raise Refusal(_("A series needs at least one step."))
    if len(plan.steps) > MOST_STEPS:
        raise Refusal(ngettext("A series can have %(num)s step.", "A series can have %(num)s steps.", MOST_STEPS))


def _require_room(owner: User) -> None:
    db.session.execute(waiting_for(f"series of {owner.id}"))
    query = select(func.count()).where(Series.owner_id == owner.id, Series.deleted_at.is_(None))
    if (db.session.scalar(query) or 0) >= MOST_SERIES:
        raise Refusal(
            ngettext(
                "You can have %(num)s series. Delete one first.",
                "You can have %(num)s series. Delete one first.",
                MOST_SERIES,
            )
        )


def _hold_for_change(series: Series, version: int | None) -> None:
    hold(series)
    if series.state is SeriesState.STOPPED:
        raise Refusal(_("This series was stopped. Make a copy of it to continue."))
    if version != series.version:
        raise Conflict(
            _("This series has changed in the meantime. What you typed is kept below: check it and save again.")
        )


def _require_active(series: Series) -> None:
    hold(series)
    if series.state is not SeriesState.ACTIVE:
        raise Refusal(_("This series is not active."))


def _hold_message(message: Message) -> None:
    """It must be there, and stay until the commit."""
    alive = select(Message.id).where(Message.id == message.id, Message.deleted_at.is_(None))
    if db.session.scalar(alive.with_for_update(**AS_IT_IS)) is None:
        raise Refusal(_("The message “%(name)s” was deleted. Choose another one.", name=message.name))
