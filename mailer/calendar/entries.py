"""What stands on a calendar: runs that are or were, and moments to come; never anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.owner_filter import Whose
from mailer.recurrence.moments import Moment, between

MOST_RUNS = 3000
MOST_MAILINGS = 300
MOST_OF_ONE = 200  # coming moments of one mailing


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One run, or (without `run`) one moment to come; `is_held`: paused or switched off, it would not begin."""

    at: datetime
    key: str  # the occurrence's name
    mailing: Mailing
    run: Run | None = None
    is_held: bool = False


def entries(whose: Whose, start: datetime, end: datetime, now: datetime) -> list[CalendarEntry]:
    """Everything from `start` on and before `end` (aware), in order."""
    found = [CalendarEntry(run.planned_at, run.occurrence, run.mailing, run) for run in _runs(whose, start, end)]
    found += _coming(select(Mailing).where(*whose.where(Mailing.owner_id)), start, end, now)
    return sorted(found, key=lambda entry: (entry.at, entry.mailing.id))


def coming_of(owner_id: int, start: datetime, end: datetime) -> list[CalendarEntry]:
    """The moments to come of one person's mailings."""
    query = select(Mailing).where(Mailing.owner_id == owner_id)
    return sorted(_coming(query, start, end, start), key=lambda entry: (entry.at, entry.mailing.id))


def _runs(whose: Whose, start: datetime, end: datetime) -> list[Run]:
    query = (
        select(Run)
        .join(Run.mailing)
        .options(contains_eager(Run.mailing))
        .where(Run.planned_at >= start, Run.planned_at < end, Mailing.deleted_at.is_(None))
        .where(*whose.where(Mailing.owner_id))
        .order_by(Run.planned_at.desc())
        .limit(MOST_RUNS)
    )
    return list(db.session.scalars(query))


def _coming(query: Select, start: datetime, end: datetime, now: datetime) -> Iterator[CalendarEntry]:  # type: ignore[type-arg]
    query = query.where(Mailing.deleted_at.is_(None), Mailing.next_run_at < end).order_by(Mailing.next_run_at)
    for mailing in db.session.scalars(query.limit(MOST_MAILINGS)):
        for moment in _moments(mailing, max(start, now), end):
            if moment.at >= start:
                yield CalendarEntry(moment.at, moment.occurrence, mailing, is_held=not mailing.may_send)


def _moments(mailing: Mailing, start: datetime, end: datetime) -> list[Moment]:
    """The moment the mailing points at, and those after it."""
    assert mailing.next_run_at is not None
    assert mailing.next_run_local is not None
    present = Moment(mailing.next_run_local, mailing.next_run_at)
    return [present, *between(mailing.rule, max(start, present.at), end, MOST_OF_ONE)[present.at >= start :]]
