"""Whose account the person signed in may look at, and whose they may block or change."""

from __future__ import annotations

from flask import abort
from flask_login import current_user

from mailer.access import Permission
from mailer.extensions import db
from mailer.models.user import User


def user_to_see(user_id: int) -> User:
    """Anybody; 404 for nobody, and for whoever has had the account deleted."""
    user = db.get_or_404(User, user_id)
    if user.erased_at is not None:
        abort(404)
    return user


def user_to_judge(user_id: int) -> User:
    """A plain user, or for administrators anybody but themselves; 403 for the others."""
    user = user_to_see(user_id)
    if user.id == current_user.id or not may_judge(user):
        abort(403)
    return user


def may_judge(user: User) -> bool:
    """Whether `user` is somebody whom the person signed in may judge at all: staff is judged by admins only."""
    return user.id != current_user.id and (not user.is_staff or current_user.can(Permission.ADMINISTER))
