"""An owner's holidays: those of a country, and what the owner changed in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.days_off import OwnersDaysOff
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.holiday_change import HolidayChange
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.own_holidays import changes_of
from mailer.sending.runs.next_run import next_promised, point_at

MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class Holiday:
    """One date of the list: a holiday, or (without a name) a working day that would else be free."""

    day: date
    name: str | None
    is_changed: bool


def holidays_of(owner: User, country: str, state: str | None, year: int, language: str) -> list[Holiday]:
    """The holidays of one year in a country or a state of it, the weekends worked, the owner's changes; in order."""
    changes = changes_of(owner, country)
    own = {change.day for change in changes}
    days_off = OwnersDaysOff(country, changes, language, state)
    first = date(year, 1, 1)
    days = [first + timedelta(days=index) for index in range((date(year + 1, 1, 1) - first).days)]
    return [
        Holiday(day, days_off.holiday(day), day in own)
        for day in days
        if day in own or days_off.holiday(day) or days_off.is_worked(day)
    ]


def set_day(owner: User, country: str, day: date, name: str | None) -> None:
    """Make `day` a holiday of that name, or (None) a working day; the mailings that look at it follow. Commits."""
    row = db.session.get(HolidayChange, (owner.id, country, day))
    if row is None:
        if len(changes_of(owner, country)) >= MOST_CHANGES:
            raise Refusal(_("There are too many dates."))
        row = HolidayChange(owner_id=owner.id, country=country, day=day)
        db.session.add(row)
    row.name = name
    db.session.flush()
    _plan_anew(owner, country, utcnow())


def forget_change(owner: User, country: str, day: date) -> None:
    """Leave the day to the country's calendar again. Commits."""
    row = db.session.get(HolidayChange, (owner.id, country, day))
    if row is not None:
        db.session.delete(row)
        db.session.flush()
    _plan_anew(owner, country, utcnow())


def _plan_anew(owner: User, country: str, now: datetime) -> None:
    """Point the mailings that wait for a moment to come at what is now their next one; what is due stays due."""
    query = select(Mailing).where(
        Mailing.owner_id == owner.id,
        Mailing.holiday_country == country,
        Mailing.deleted_at.is_(None),
        Mailing.next_run_at > now,
        Mailing.moved_from_at.is_(None),  # a person chose the time
    )
    for mailing in db.session.scalars(query.order_by(Mailing.id).with_for_update(**FOR_CHANGE)):
        db.session.expire(mailing, ["holiday_changes"])
        mailing.calendar_since = now
        moment = next_promised(mailing.rule, now, mailing.id)
        if moment is not None:  # else the last moment stands: a change of holidays ends no mailing
            point_at(mailing, moment)
    db.session.commit()
