"""Whom the service itself turns to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.user import Role, User


def able_admins() -> Sequence[User]:
    """Every administrator who may sign in."""
    able = (User.blocked_at.is_(None), User.confirmed_at.is_not(None))
    return db.session.scalars(select(User).where(User.role == Role.ADMIN, *able).order_by(User.id)).all()
