"""What is to come of a mailing: as it stands, or as it would be if another calendar were saved now."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.recurrence.moments import Moment, end_at
from mailer.recurrence.outlook import Fate, Prospect, outlook
from mailer.recurrence.rule import Rule
from mailer.recurrence.window import Window
from mailer.sending import instance_guard
from mailer.sending.runs.lateness import due_moments, is_too_late, was_held
from mailer.sending.runs.next_run import counted, due_moment


def outlook_if_saved(rule: Rule, window: Window | None, mailing_id: int | None, now: datetime) -> Iterator[Prospect]:
    """What would come if a mailing (new, or that one) got this calendar now; a moment that is due comes first."""
    due = due_moment(rule, end_at(rule.until, rule.zone), mailing_id, now)
    rule = counted(rule, mailing_id, now, is_due=due is not None)
    first = (due, now) if due is not None else None
    return outlook(rule, window, now, first, taken=_taken(mailing_id, now))


def outlook_of(
    mailing: Mailing, now: datetime, rule: Rule | None = None, window: Window | None = None
) -> Iterator[Prospect]:
    """What is to come of a mailing that nobody changes. `rule` and `window`: its own, with names for a reader."""
    present = waited_for(mailing)
    if present is None:
        return
    rule, window = (rule, window) if rule is not None else (mailing.rule, mailing.window)
    rule = replace(rule, skipped_count=mailing.skipped_count)
    taken, busy_until = _taken(mailing.id, now), _busy_until(mailing.id)
    if present.at > now:
        yield from outlook(rule, window, present.at, (present, present.at), busy_until, taken)
        return
    *passed, latest = due_moments(mailing, now)
    confirmed_at = instance_guard.confirmed_at()
    is_gone = is_too_late(mailing, latest, now) or was_held(mailing, latest, confirmed_at)
    gone = [*passed, latest] if is_gone else passed
    rule = replace(rule, skipped_count=rule.skipped_count + len(gone))
    for moment in gone:
        yield Prospect(moment, Fate.HELD if was_held(mailing, moment, confirmed_at) else Fate.MISSED)
    yield from outlook(rule, window, now, None if is_gone else (latest, now), busy_until, taken)


def waited_for(mailing: Mailing) -> Moment | None:
    """The moment that the mailing points at."""
    if mailing.next_run_at is None or mailing.next_run_local is None:
        return None
    return Moment(mailing.next_run_local, mailing.next_run_at)


def _taken(mailing_id: int | None, now: datetime) -> Set[str]:
    """The moments to come that have their rows."""
    if mailing_id is None:
        return frozenset()
    query = select(Run.occurrence).where(Run.mailing_id == mailing_id, Run.planned_at > now)
    return set(db.session.scalars(query.where(Run.stop_reason == StopReason.OWNER)))


def _busy_until(mailing_id: int) -> datetime | None:
    """When the run that waits for its sending hours will be let go."""
    query = select(Run.window_opens_at).where(Run.mailing_id == mailing_id, Run.closed_at.is_(None))
    return db.session.scalar(query.where(Run.state == RunState.WAITING_FOR_WINDOW))
