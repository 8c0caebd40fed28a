"""The journal to look through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import or_, select

from mailer.extensions import db
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.user import User
from mailer.readable import in_ascii

PAGE_LENGTH = 50


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """What to show; empty values show everything. Days are days of `timezone`, the last one included."""

    who: str = ""
    action: Action | None = None
    first_day: date | None = None
    last_day: date | None = None
    timezone: str = "UTC"


def journal_page(chosen: JournalFilter, number: int) -> Pagination:
    """Entries, the latest first; `who` is part of a name or address, an IP address, or a thing such as `mailing 3`."""
    query = select(JournalEntry).order_by(JournalEntry.id.desc())
    if chosen.action is not None:
        query = query.where(JournalEntry.action == chosen.action)
    if chosen.who:
        people = select(User.id).where(
            or_(
                User.email.icontains(in_ascii(chosen.who), autoescape=True),
                User.name.icontains(chosen.who, autoescape=True),
            )
        )
        query = query.where(
            or_(
                JournalEntry.actor_id.in_(people),
                JournalEntry.subject == chosen.who,
                JournalEntry.subject.startswith(chosen.who + ",", autoescape=True),
                JournalEntry.ip == chosen.who,
            )
        )
    if chosen.first_day is not None:
        query = query.where(JournalEntry.at >= _midnight(chosen.first_day, chosen.timezone))
    if chosen.last_day is not None:
        query = query.where(JournalEntry.at < _midnight(chosen.last_day + timedelta(days=1), chosen.timezone))
    return db.paginate(query, page=number, per_page=PAGE_LENGTH)


def names_of(entries: list[JournalEntry]) -> dict[int, str]:
    """What the people of these entries are called now, by id; whose account is erased is missing."""
    ids = {entry.actor_id for entry in entries if entry.actor_id is not None}
    ids |= {int(word) for entry in entries for word in [entry.subject.removeprefix("user ")] if word.isdecimal()}
    people = db.session.scalars(select(User).where(User.id.in_(ids)))
    return {person.id: person.display_name for person in people}


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
