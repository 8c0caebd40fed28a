"""Which moment a mailing waits for: set when its calendar is saved, when a run starts and when a moment is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.recurrence.moments import Moment, count_moments, end_at, latest_moment, moments, next_moment, resolve
from mailer.recurrence.rule import Period, Rule, RuleError, zone_named
from mailer.sending import instance_guard
from mailer.sending.runs.lateness import is_too_late, was_held
from mailer.sending.runs.windows import ON_DEMAND

log = structlog.get_logger()
LOOKED_AT = 20  # moments at once


def set_next_run(mailing: Mailing, now: datetime) -> None:
    """Point the mailing at its next moment, or at the one that is due; no commit."""
    set_next_run_after(mailing, due_moment(mailing.rule, end_of(mailing), mailing.id, now), now)


def set_next_run_after(mailing: Mailing, due: Moment | None, now: datetime) -> None:
    """Point the mailing, whose calendar stands as it is from now on, at `due`, else at its next moment; no commit."""
    mailing.calendar_since = now
    rule = counted(mailing.rule, mailing.id, now, is_due=due is not None)
    mailing.skipped_count = rule.skipped_count
    moment = due or next_promised(rule, now, mailing.id)
    point_at(mailing, moment)
    mailing.completed_at = None
    if moment is None and not has_open_run(mailing):
        mailing.completed_at = now


def counted(rule: Rule, mailing_id: int | None, now: datetime, is_due: bool) -> Rule:
    """The rule as such a calendar saved now has it: its limit counts the runs that happened, not the moments so far."""
    if rule.run_limit is None:
        return rule
    passed_count = count_moments(replace(rule, run_limit=None, skipped_count=0), now)
    skipped_count = passed_count - is_due - _happened_count(rule, mailing_id)
    return replace(rule, skipped_count=max(0, skipped_count))


def next_promised(rule: Rule, after: datetime, mailing_id: int | None) -> Moment | None:
    """The first moment after `after` that the mailing has no run of yet, be it one left out by hand."""
    coming = moments(rule, after)
    while chunk := list(islice(coming, LOOKED_AT)):
        gone = taken(mailing_id, chunk)
        for moment in chunk:
            if moment.occurrence not in gone:
                return moment
    return None


def taken(mailing_id: int | None, among: Sequence[Moment]) -> set[str]:
    """The names of those moments that the mailing has runs of."""
    if mailing_id is None or not among:
        return set()
    keys = [moment.occurrence for moment in among]
    return set(db.session.scalars(select(Run.occurrence).where(Run.mailing_id == mailing_id, Run.occurrence.in_(keys))))


def _happened_count(rule: Rule, mailing_id: int | None) -> int:
    """How many of the mailing's runs since the rule's first moment were more than a moment left out."""
    first = next(moments(rule), None) if mailing_id is not None else None
    if first is None:
        return 0
    query = select(func.count()).where(
        Run.mailing_id == mailing_id,
        Run.state != RunState.SKIPPED,
        Run.occurrence.not_like(f"{ON_DEMAND}%"),
        Run.planned_at >= first.at,
    )
    return db.session.scalar(query) or 0


def due_moment(rule: Rule, ends_at: datetime | None, mailing_id: int | None, now: datetime) -> Moment | None:
    """The moment that has passed and is due all the same when such a calendar is saved now.

    It is when the mailing never ran (it was saved within its window), when no run exists of a single or last moment,
    and when the mailing waits for just this moment, which has not begun yet. Everything else waits for the calendar.
    """
    if ends_at is not None and ends_at <= now:
        return None
    if rule.run_limit is not None:
        if _happened_count(rule, mailing_id) >= rule.run_limit:
            return None
        rule = replace(rule, run_limit=None)
    latest = latest_moment(rule, now)
    if latest is None or mailing_id is None or _is_waited_for(latest, mailing_id, now):
        return latest
    seen = select(Run.id).where(Run.mailing_id == mailing_id)
    if rule.period is Period.ONCE or next_moment(rule, latest.at) is None:
        seen = seen.where(is_of(latest))
    return None if db.session.scalar(seen.limit(1)) else latest


def is_of(moment: Moment) -> ColumnElement[bool]:
    """In SQL: whether a run of the calendar is that of `moment`, in whatever zone it was planned."""
    is_then = and_(Run.planned_at == moment.at, Run.occurrence.not_like(f"{ON_DEMAND}%"))
    return or_(Run.occurrence == moment.occurrence, is_then)


def _is_waited_for(moment: Moment, mailing_id: int, now: datetime) -> bool:
    """Whether the mailing stands at this moment, and its run may still begin."""
    mailing = db.session.get_one(Mailing, mailing_id)
    if mailing.next_run_at != moment.at:
        return False
    return not is_too_late(mailing, moment, now) and not was_held(mailing, moment, instance_guard.confirmed_at())


def point_at(mailing: Mailing, moment: Moment | None) -> None:
    """Let the mailing wait for this moment; no commit."""
    mailing.next_run_at = moment.at if moment else None
    mailing.next_run_local = moment.local if moment else None
    mailing.moved_from_at = mailing.first_wave_at = None


def waited_for(mailing: Mailing) -> Moment | None:
    """The moment that the mailing waits for, at the time that a person may have moved it to.

    None when it waits for none; `occurrence_of` names it.
    """
    if mailing.next_run_at is None or mailing.next_run_local is None:
        return None
    return Moment(mailing.next_run_local, mailing.next_run_at)


def promised_at(mailing: Mailing) -> datetime | None:
    """When the calendar has the run that the mailing waits for, wherever it was moved to."""
    return mailing.moved_from_at or mailing.next_run_at


def occurrence_of(mailing: Mailing, moment: Moment) -> str:
    """The name of the occurrence: a moment that was moved by hand is still the one it was."""
    at = mailing.moved_from_at
    return moment.occurrence if at is None or moment.at != mailing.next_run_at else Moment(moment.local, at).occurrence


def end_of(mailing: Mailing) -> datetime | None:
    """The moment from which no attempt starts, aware; None without an end."""
    return end_at(mailing.ends_local, mailing.timezone)


def has_open_run(mailing: Mailing) -> bool:
    """Whether a run of this mailing is not closed yet."""
    open_run = select(Run.id).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None)).limit(1)
    return db.session.scalar(open_run) is not None


def may_be_edited(mailing: Mailing) -> bool:
    """Whether nothing of the mailing is needed any more by what goes: no run is open, or only such in waves whose lists
    are written. Those keep the people, text and moments they began with, and may be open for more than a day."""
    reads_it = or_(Run.wave_local.is_(None), Run.state == RunState.PLANNED, Run.unlisted_count > 0)
    query = select(Run.id).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None), reads_it)
    return db.session.scalar(query.limit(1)) is None


def _moved(moment: Moment, before: datetime) -> dict[str, datetime | None]:
    """What a mailing gets whose coming moment has moved: the last run's own moment has, too, and was not missed."""
    now = utcnow()
    return {"next_run_at": moment.at, "first_wave_at": None} | ({"calendar_since": now} if before > now else {})


def follow_zone_data(limit: int = 1000) -> int:
    """Lay the moments that mailings wait for on the clocks anew, as new rules of time zones have them; how many moved.

    The wall-clock time was promised and stays; the moment follows. Commits in parts of `limit` mailings.
    """
    last_id = moved_count = 0
    waiting = select(Mailing.id, Mailing.timezone, Mailing.next_run_local, Mailing.next_run_at)
    while rows := db.session.execute(
        waiting.where(Mailing.id > last_id, Mailing.next_run_local.is_not(None), Mailing.moved_from_at.is_(None))
        .order_by(Mailing.id)
        .limit(limit)
    ).all():
        for id_, zone, local, at in rows:
            try:
                moment = resolve(local, zone_named(zone))
            except RuleError:  # no zone (any more): its page says so when the calendar is saved
                log.warning("unknown time zone", mailing=id_, zone=zone)
                continue
            if moment.at != at:
                # Whoever saves the calendar meanwhile has the new rules anyway.
                unchanged = Mailing.id == id_, Mailing.next_run_local == local, Mailing.next_run_at == at
                db.session.execute(update(Mailing).where(*unchanged).values(**_moved(moment, at)))
                moved_count += 1
        last_id = rows[-1].id
        db.session.commit()
    return moved_count
