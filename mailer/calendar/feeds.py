"""Secret links to a person's coming runs."""

from __future__ import annotations

import uuid

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.calendar_feed import CalendarFeed
from mailer.models.user import User


def make_feed(user: User) -> None:
    """A new link, which ends the one before. Commits."""
    row = db.session.get(CalendarFeed, user.id) or CalendarFeed(owner_id=user.id)
    row.number = uuid.uuid4()
    db.session.add(row)
    db.session.commit()


def revoke_feed(user: User) -> None:
    """End the link. Commits."""
    row = db.session.get(CalendarFeed, user.id)
    if row is not None:
        db.session.delete(row)
        db.session.commit()


def token_of(user: User) -> str | None:
    """The secret part of the person's link; None without one. Only the signature makes it: the row alone is no key."""
    row = db.session.get(CalendarFeed, user.id)
    return _signer().dumps(row.number.hex) if row is not None else None


def owner_of(token: str) -> User | None:
    """Whose link it is; None for a forged or revoked one, and for people who may not come in."""
    try:
        number = uuid.UUID(hex=str(_signer().loads(token)))
    except (BadSignature, ValueError):
        return None
    query = select(User).join(CalendarFeed, CalendarFeed.owner_id == User.id).where(CalendarFeed.number == number)
    user = db.session.scalar(query)
    return user if user is not None and user.is_active else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="calendar feed")
