"""Administrators: who may sign in, and that one is always left."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.user import Role, User


class LastAdmin(Refusal):
    """Somebody must be left who can give roles."""


def able_admins() -> Sequence[User]:
    """Every administrator who may sign in."""
    able = (User.blocked_at.is_(None), User.confirmed_at.is_not(None))
    return db.session.scalars(select(User).where(User.role == Role.ADMIN, *able).order_by(User.id)).all()


def refuse_last_admin(user: User) -> None:
    """Raise `LastAdmin` when nobody but `user` could give roles; two who step down at once take turns here."""
    if user.role is not Role.ADMIN:
        return
    admins = db.session.scalars(
        select(User)
        .where(User.role == Role.ADMIN)
        .order_by(User.id)
        .with_for_update(**FOR_CHANGE)
        .execution_options(populate_existing=True)
    ).all()
    if not any(admin.is_active for admin in admins if admin.id != user.id):
        raise LastAdmin(_("This is the only administrator left. Make somebody else an administrator first."))
