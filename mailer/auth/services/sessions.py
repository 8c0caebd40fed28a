"""Ending sessions, one's own only."""

from __future__ import annotations

import structlog

from mailer.accounts import known_devices, sessions
from mailer.extensions import db
from mailer.journal import note
from mailer.models.journal_entry import Action
from mailer.models.user import User

log = structlog.get_logger()


def end_session(user: User, session_id: int) -> bool:
    """Sign one device of this person out; whether it was signed in."""
    is_ended = sessions.end_one(user.id, session_id)
    if is_ended:
        note(Action.SESSIONS_ENDED, f"user {user.id}", count=1)
    db.session.commit()
    log.info("session ended", user_id=user.id)
    return is_ended


def end_other_sessions(user: User, key: str, mark: str | None) -> int:
    """Sign every device of this person out but the one whose session `key` opens; how many.

    Browsers signed in from before are no longer known, but for this one (by its `mark`).
    """
    count = sessions.end_all(user.id, except_key=key)
    known_devices.forget(user.id, except_mark=mark)
    note(Action.SESSIONS_ENDED, f"user {user.id}", count=count)
    db.session.commit()
    log.info("other sessions ended", user_id=user.id, count=count)
    return count
