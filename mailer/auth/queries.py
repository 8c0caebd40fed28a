"""Look-ups of accounts."""

from __future__ import annotations

from sqlalchemy import func, select

from mailer.extensions import db
from mailer.models.user import User


def find_user(email: str) -> User | None:
    """The account with this address in any case; None when there is none."""
    return db.session.scalar(select(User).where(func.lower(User.email) == email.lower()))
