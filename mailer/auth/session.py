"""Signed-in sessions: how one begins and ends, and how long it may last.

The cookie names the account's session number; raising the number ends every session of the account, copied cookies too.
"""

from __future__ import annotations

import time
from datetime import timedelta

from flask import request, session
from flask_login import current_user, login_user, logout_user

from mailer.models.user import Role, User

REMEMBERED = timedelta(days=30)
SEEN_EVERY_SECONDS = 60
# (idle, whole) seconds; staff see everybody's data, so theirs are shorter and never remembered.
USER_LIMITS = (24 * 3600, 30 * 86400)
STAFF_LIMITS = (2 * 3600, 12 * 3600)


def begin(user: User, remember: bool = False) -> None:
    """Sign `user` in on this browser; nothing of the session before it survives (fixation)."""
    remember = remember and user.role is Role.USER
    session.clear()
    session["language"] = user.language
    session["signed_in_at"] = session["seen_at"] = int(time.time())
    session["is_remembered"] = remember
    login_user(user, remember=remember, duration=REMEMBERED)


def renew(user: User) -> None:
    """Keep this browser signed in when the account's session number was raised."""
    begin(user, remember=bool(session.get("is_remembered")))


def end() -> None:
    """Sign out on this browser; the language of the page stays."""
    language = session.get("language")
    logout_user()
    session.clear()
    session["_remember"] = "clear"  # session.clear() would forget Flask-Login's order to drop its cookie
    if language:
        session["language"] = language


def enforce_limits() -> None:
    """Before each request: sign out whoever was idle for too long, or signed in too long ago."""
    if request.endpoint == "static" or not current_user.is_authenticated:
        return
    now = int(time.time())
    is_restored = session.get("_fresh") is False  # came back by the remember cookie
    idle, whole = USER_LIMITS if current_user.role is Role.USER else STAFF_LIMITS
    if "signed_in_at" not in session:
        session["signed_in_at"] = _last_login(current_user, now) if is_restored else now
    is_idle = now - session.get("seen_at", now) > idle and not (is_restored or session.get("is_remembered"))
    if is_idle or now - session["signed_in_at"] > whole:
        end()
    elif now - session.get("seen_at", 0) > SEEN_EVERY_SECONDS:
        session["seen_at"] = now


def _last_login(user: User, now: int) -> int:
    """When the person behind a remember cookie, which carries no date, last typed the password (UNIX time)."""
    return int(user.last_login_at.timestamp()) if user.last_login_at else now
