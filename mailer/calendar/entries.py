"""What stands on a calendar: runs that are or were, and moments to come; never anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice, takewhile

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import contains_eager

from mailer.extensions import db
from mailer.models.mailing import HAS_CALENDAR, Mailing
from mailer.models.run import Run
from mailer.owner_filter import Whose
from mailer.recurrence.outlook import Fate, Prospect
from mailer.sending.runs.outlook import NOTHING, Standing, outlook_of, standings

MOST_RUNS = 3000
MOST_MAILINGS = 300
MOST_COMING = 3000
SHOWN = (Fate.RUNS, Fate.OVERLAP, Fate.CUT_OFF)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One run, or (without `run`) one moment to come and its prospect; `is_held`: paused or switched off, it would not
    begin."""

    at: datetime
    mailing: Mailing
    run: Run | None = None
    prospect: Prospect | None = None
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """In order, and whole from `whole_since` on and before `whole_until`, where there are more than a page can hold."""

    found: list[CalendarEntry]
    whole_since: datetime | None = None
    whole_until: datetime | None = None


def entries(whose: Whose, start: datetime, end: datetime, now: datetime) -> Entries:
    """Everything from `start` on and before `end` (aware)."""
    runs = _runs(whose, start, end)
    was = [CalendarEntry(run.planned_at, run.mailing, run) for run in runs]
    coming = _coming([*whose.where(Mailing.owner_id)], start, end, now)
    found = sorted([*was, *coming.found], key=lambda entry: (entry.at, entry.mailing.id))
    return Entries(found, runs[-1].planned_at if len(runs) == MOST_RUNS else None, coming.whole_until)


def coming_of(owner_id: int, start: datetime, end: datetime) -> Entries:
    """The moments to come of one person's mailings."""
    return _coming([Mailing.owner_id == owner_id], start, end, start)


def _runs(whose: Whose, start: datetime, end: datetime) -> list[Run]:
    query = (
        select(Run)
        .join(Run.mailing)
        .options(contains_eager(Run.mailing))
        .where(Run.planned_at >= start, Run.planned_at < end, Mailing.deleted_at.is_(None), HAS_CALENDAR)
        .where(*whose.where(Mailing.owner_id))
        .order_by(Run.planned_at.desc())
        .limit(MOST_RUNS)
    )
    return list(db.session.scalars(query))


def _coming(conditions: list[ColumnElement[bool]], start: datetime, end: datetime, now: datetime) -> Entries:
    """The moments to come, and before which moment they are all there."""
    query = select(Mailing).where(*conditions, Mailing.deleted_at.is_(None), Mailing.next_run_at < end)
    mailings = list(db.session.scalars(query.order_by(Mailing.next_run_at, Mailing.id).limit(MOST_MAILINGS + 1)))
    whole_until = mailings[MOST_MAILINGS].next_run_at if len(mailings) > MOST_MAILINGS else None
    end = min(end, whole_until or end)
    mailings = mailings[:MOST_MAILINGS]
    known = standings([mailing.id for mailing in mailings], now)
    streams = [_of_mailing(mailing, start, end, now, known.get(mailing.id, NOTHING)) for mailing in mailings]
    found = list(islice(merge(*streams, key=lambda entry: entry.at), MOST_COMING + 1))
    if len(found) > MOST_COMING:
        whole_until = found.pop().at
        found = [entry for entry in found if entry.at < whole_until]
    return Entries(found, None, whole_until)


def _of_mailing(
    mailing: Mailing, start: datetime, end: datetime, now: datetime, standing: Standing
) -> Iterator[CalendarEntry]:
    coming = outlook_of(mailing, now, standing=standing, since=start)
    for one in takewhile(lambda each: each.moment.at < end, coming):
        if one.moment.at >= start and one.fate in SHOWN:
            yield CalendarEntry(one.moment.at, mailing, prospect=one, is_held=not mailing.may_send)
