"""Blocking people: their sessions end and their mail stops in the same transaction."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.accounts import letters, sessions
from mailer.clock import database_now, utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import note
from mailer.locks import FOR_CHANGE
from mailer.manager.services.admins import refuse_last_admin
from mailer.models.journal_entry import Action
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending import brakes


def block(user: User, reason: str, by: User) -> None:
    """Keep `user` out from the next request on, let nothing more of theirs leave, and tell them why.

    Raises `LastAdmin`, and Refusal for somebody blocked already.
    """
    refuse_last_admin(user)  # locks admins in their order: `user` is one of them, if so
    db.session.refresh(user, with_for_update=FOR_CHANGE)
    if user.blocked_at is not None:
        raise Refusal(_("This account is blocked already."))
    user.blocked_at, user.block_reason, user.blocked_by_id = utcnow(), reason, by.id
    brakes.stop_owner(user.id)
    sessions.end_all(user.id)
    letter = letters.write(user, "account-blocked", reason=reason)
    note(Action.BLOCKED, f"user {user.id}", reason=reason)
    db.session.commit()
    letters.send(letter)
    enqueue(TICK)


def unblock(user: User) -> None:
    """Let `user` in again. Their calendars go on from now: moments that passed meanwhile are not made up for."""
    db.session.refresh(user, with_for_update=FOR_CHANGE)
    if user.blocked_at is None:
        raise Refusal(_("This account is not blocked."))
    user.blocked_at = user.block_reason = user.blocked_by_id = None
    user.unblocked_at = database_now()
    letter = letters.write(user, "account-unblocked")
    note(Action.UNBLOCKED, f"user {user.id}")
    db.session.commit()
    letters.send(letter)
    enqueue(TICK)
