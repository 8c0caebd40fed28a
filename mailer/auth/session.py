"""The cookie's half of a session: how a browser is signed in and out. The other half is `mailer.accounts.sessions`."""

from __future__ import annotations

from flask import request, session
from flask_login import current_user, login_user, logout_user

from mailer.accounts import sessions
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.models.journal_entry import Action
from mailer.models.user import User

KEY = "_user_id"  # where Flask-Login looks; what it finds there is the key of a session


def begin(user: User, remember: bool = False) -> None:
    """Sign `user` in on this browser; nothing of the session before it survives (fixation). Commits."""
    if KEY in session:
        sessions.end(session[KEY])
    key = sessions.begin(user, remember, request.remote_addr or "", request.headers.get("User-Agent", ""), utcnow())
    db.session.commit()
    session.clear()
    login_user(user)
    session[KEY] = key
    session["language"] = user.language
    session.permanent = remember and not user.is_staff


def renew(user: User) -> None:
    """Give this browser a new session in place of the one that was ended with all others."""
    begin(user, remember=session.permanent)


def end() -> None:
    """Sign out on this browser; the language of the page stays. Commits."""
    language = session.get("language")
    if KEY in session:
        sessions.end(session[KEY])
        if current_user.is_authenticated:
            add_entry(Action.SIGNED_OUT)
        db.session.commit()
    logout_user()
    session.clear()
    if language:
        session["language"] = language


def key() -> str:
    """The key of this browser's session; empty for somebody not signed in."""
    return str(session.get(KEY, ""))


def load_early() -> None:
    """Before each request: find out who asks, so that the note of it never falls into a transaction of the view."""
    if request.endpoint not in {"static", "admin.static"}:
        bool(current_user)
