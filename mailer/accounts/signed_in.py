"""The person signed in."""

from __future__ import annotations

from typing import cast

from flask_login import current_user

from mailer.models.user import User


def me() -> User:
    """The person signed in: the row itself, since Flask-Login must never be given its own proxy back."""
    return cast(User, current_user._get_current_object())
