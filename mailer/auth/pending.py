"""Between the password and the code: who it is, for a few minutes, in the signed cookie."""

from __future__ import annotations

import hashlib
import hmac
import time

from flask import session

from mailer.extensions import db
from mailer.models.user import User

PLACE = "pending"
LASTS_SECONDS = 300


def keep(user: User, remember: bool) -> None:
    """The password was right; the code is still to come."""
    language = session.get("language")
    session.clear()
    session["language"] = language or user.language
    session[PLACE] = {"user": user.id, "remember": remember, "at": int(time.time()), "proof": _proof(user)}


def waiting() -> tuple[User, bool] | None:
    """(person, whether to remember the browser); None when nobody waits, for too long, or the password changed."""
    kept = session.get(PLACE)
    if not isinstance(kept, dict) or time.time() - kept["at"] > LASTS_SECONDS:
        return None
    user = db.session.get(User, kept["user"])
    if user is None or not user.is_active or not hmac.compare_digest(kept["proof"], _proof(user)):
        return None
    return user, bool(kept["remember"])


def _proof(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
