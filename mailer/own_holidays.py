"""What an owner changed in the holidays of a country; asked by their calendar and by the form of a mailing."""

from __future__ import annotations

from sqlalchemy import select

from mailer.days_off import Change
from mailer.extensions import db
from mailer.models.holiday_change import HolidayChange
from mailer.models.user import User


def changes_of(owner: User, country: str) -> frozenset[Change]:
    """Every changed date; none of a country that there is not."""
    query = select(HolidayChange.day, HolidayChange.name).filter_by(owner_id=owner.id, country=country[:3])
    return frozenset(Change(day, name) for day, name in db.session.execute(query))
