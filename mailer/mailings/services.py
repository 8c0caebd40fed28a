"""Rules and writes of mailings: each call is one commit, and wakes the tick when something is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select

from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal, undone_when_refused
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.mailings import edits
from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.mailings.plan import MailingPlan
from mailer.mailings.queries import people_of
from mailer.mailings.waves_ahead import counts_of
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.message import Message
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.recurrence.moments import Moment, end_at
from mailer.recurrence.waves import FARTHEST, waves_of
from mailer.sending.runs import control, limits
from mailer.sending.runs.next_run import (
    due_moment,
    has_open_run,
    may_be_edited,
    next_promised,
    set_next_run_after,
    waited_for,
)
from mailer.sending.runs.run_rows import leave_out_overdue
from mailer.sending.runs.start import start_now
from mailer.sending.runs.wave_plan import begins_at, last_wave, look


class RunIsGoing(Refusal):
    """A run is open that needs the mailing as it is: nothing may change under it."""


def save_mailing(
    owner: User,
    plan: MailingPlan,
    mailing: Mailing | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> Mailing:
    """Create `mailing` or change the given one, and point it at its next moment.

    Raises FormRefusal (dates, nobody chosen, message deleted), RunIsGoing and Conflict; then nothing is written.
    """
    now = now or utcnow()
    plan.require_recipients()
    plan.calendar.rule()
    if mailing is None:
        plan.calendar.require_ahead(now)
        mailing, is_rescheduled = Mailing(owner_id=owner.id), True
    else:
        _lock_for_change(mailing, version, may_be_edited)
        edits.require_hours_kept(mailing, plan.calendar)
        if is_rescheduled := Calendar.of(mailing) != plan.calendar:
            plan.calendar.require_ahead(now)
        mailing.version += 1
    due = _settle_calendar(mailing, plan, now) if is_rescheduled else None
    _hold_message(plan.message)
    plan.apply_to(mailing)
    db.session.add(mailing)
    db.session.flush()
    _replace_clients(mailing, plan)
    if is_rescheduled:
        edits.stand_for_its_day(mailing, now)
        set_next_run_after(mailing, due, now)
    if mailing.in_waves:  # the people may be others too
        mailing.first_wave_at = None
        mailing.first_wave_at = look(mailing, now)
    db.session.commit()
    _wake_if_due(mailing, now)
    return mailing


def _settle_calendar(mailing: Mailing, plan: MailingPlan, now: datetime) -> Moment | None:
    """The moment that is due by the new calendar; what the old one owed and will not be sent gets rows that say so."""
    rule = plan.calendar.rule()
    due = due_moment(rule, end_at(rule.until, rule.zone), mailing.id, now)
    if mailing.id is not None:
        leave_out_overdue(mailing, due, now)
    return due


def begins_at_once(plan: MailingPlan, mailing: Mailing | None, now: datetime) -> Moment | None:
    """The moment whose run begins as soon as `plan` is saved; None when nothing begins.

    Nothing does while sending is paused, switched off or blocked. Raises FormRefusal, as saving does.
    """
    plan.require_recipients()
    rule = plan.calendar.rule()
    if mailing is not None and Calendar.of(mailing) == plan.calendar:
        return None
    plan.calendar.require_ahead(now)
    if mailing is not None and not mailing.may_send:
        return None
    ends_at = end_at(rule.until, rule.zone)
    due = due_moment(rule, ends_at, mailing.id if mailing is not None else None, now)
    return due or _begun_farther_east(plan, mailing, now)


def _begun_farther_east(plan: MailingPlan, mailing: Mailing | None, now: datetime) -> Moment | None:
    """The next moment, if its time has come already where some of the clients live."""
    if not plan.calendar.in_waves:
        return None
    rule = plan.calendar.rule()
    coming = next_promised(rule, now, mailing.id if mailing is not None else None)
    if coming is None or coming.at - now > FARTHEST:
        return None
    counts = counts_of(people_of(plan, plan.message.owner_id))
    waves = waves_of(coming.local, counts, rule.zone)
    return coming if waves and waves[0].at <= now else None


def delete_mailing(mailing: Mailing) -> None:
    """Hide the mailing for good or until `restore_mailing`; RunIsGoing while it sends."""
    _lock_for_change(mailing, mailing.version, lambda one: not has_open_run(one))
    mailing.deleted_at = utcnow()
    db.session.commit()


def restore_mailing(mailing: Mailing) -> None:
    """Undo a deletion; the calendar goes on from now. Refusal when the message is gone."""
    lock_row(mailing, FOR_CHANGE)
    if not _holds_message(mailing.message):
        raise Refusal(_("The message of this mailing was deleted. Restore the message first."))
    mailing.deleted_at = None
    control.release(mailing)
    db.session.commit()
    _wake_if_due(mailing, utcnow())


def pause_mailing(mailing: Mailing) -> None:
    """Hold back everything not yet sent, until `resume_mailing`."""
    lock_row(mailing, FOR_CHANGE)
    if mailing.completed_at is not None:
        raise Refusal(_("This mailing is completed: there is nothing to pause."))
    control.pause(mailing)
    db.session.commit()


def resume_mailing(mailing: Mailing) -> datetime | None:
    """Let a paused mailing go on from now. The planned time (wall clock) that passed during the pause and is not made
    good; None when none passed."""
    control.resume(mailing)
    assert mailing.released_at is not None
    moment = waited_for(mailing)
    has_passed = moment is not None and last_wave(mailing, moment) <= mailing.released_at
    passed = mailing.next_run_local if has_passed and mailing.may_send else None
    db.session.commit()
    enqueue(TICK)
    return passed


def stop_run(mailing: Mailing) -> None:
    """End the open run: whoever is still waiting will not get it. The calendar goes on."""
    control.stop(mailing, StopReason.OWNER)
    db.session.commit()
    enqueue(TICK)


@undone_when_refused
def send_now(mailing: Mailing, token: str) -> Run:
    """Start a run on demand; the same `token` always means the same run.

    Raises Refusal while sending is paused, switched off or blocked, when a run is going already, and when there is
    nobody to send to.
    """
    limits.take_turn(mailing.owner)
    lock_row(mailing, FOR_CHANGE)
    if mailing.disabled_at is not None:
        raise Refusal(_("This mailing is switched off by a manager."))
    if mailing.paused_at is not None:
        raise Refusal(_("This mailing is paused. Resume it first."))
    if not _holds_message(mailing.message):
        raise Refusal(_("The message of this mailing was deleted. Choose another one."))
    run = start_now(mailing, token)
    enqueue(TICK)
    return run


def _lock_for_change(mailing: Mailing, version: int | None, may_change: Callable[[Mailing], bool]) -> None:
    """Keep the tick and other forms away until the commit, and refuse a change under a run or over another's."""
    lock_row(mailing, FOR_CHANGE)
    if not may_change(mailing):
        raise RunIsGoing(_("A run of this mailing is in progress. Wait until it ends or stop it, then make changes."))
    if version != mailing.version:
        raise Conflict(
            _("This mailing has changed in the meantime. What you typed is kept below: check it and save again.")
        )


def _holds_message(message: Message) -> bool:
    """Whether the message is there, and then it stays until the commit."""
    alive = select(Message.id).where(Message.id == message.id, Message.deleted_at.is_(None))
    return db.session.scalar(alive.with_for_update(**AS_IT_IS)) is not None


def _hold_message(message: Message) -> None:
    """The message must be there, and stay until the commit."""
    if not _holds_message(message):
        raise FormRefusal({"message_id": _("This message was deleted. Choose another one.")})


def _replace_clients(mailing: Mailing, plan: MailingPlan) -> None:
    db.session.execute(delete(mailing_clients).where(mailing_clients.c.mailing_id == mailing.id))
    if plan.audience is Audience.CLIENTS:
        rows = [
            {"mailing_id": mailing.id, "client_id": client.id, "owner_id": mailing.owner_id} for client in plan.clients
        ]
        db.session.execute(insert(mailing_clients), rows)


def _wake_if_due(mailing: Mailing, now: datetime) -> None:
    comes_at = begins_at(mailing)
    if comes_at is not None and comes_at <= now:
        enqueue(TICK)
