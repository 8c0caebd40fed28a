"""Signing in."""

from __future__ import annotations

import hashlib

import structlog
from flask_babel import gettext as _

from mailer.accounts import known_devices
from mailer.auth import backoff, passwords
from mailer.auth.queries import find_user
from mailer.auth.refusals import Blocked, TooManyTries, Unconfirmed, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import note, note_apart
from mailer.models.journal_entry import Action
from mailer.models.user import User

log = structlog.get_logger()


def authenticate(email: str, password: str, mark: str | None = None) -> User:
    """The person with this address and password; `enter` once the code, too, is proved where one is needed.

    Guesses are counted by address, but those of a browser that the person has signed in from (by its `mark`) apart:
    a stranger's never keep the person out. Raises `TooManyTries` or `WrongPassword` alike for known and unknown
    addresses; `Blocked` or `Unconfirmed` only to somebody who knows the password.
    """
    user = find_user(email)
    device = known_devices.name_of(user, mark)
    counted = f"{device}, {email}" if device else email
    if seconds := backoff.seconds_to_wait(counted):
        raise TooManyTries(seconds)
    is_right = passwords.verify(user.password_hash, password) if user else passwords.verify_nobody(password)
    if user is None or not is_right:
        backoff.note_failure(counted)
        _note_refusal(email, user, "wrong password")
        raise WrongPassword(_("The address or the password is wrong."))
    backoff.forgive(counted)
    _check_welcome(user)
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    db.session.commit()
    return user


def enter(user: User) -> None:
    """Count the person as signed in."""
    user.last_login_at = utcnow()
    note(Action.SIGNED_IN, actor_id=user.id)
    db.session.commit()
    log.info("logged in", user_id=user.id)


def _note_refusal(email: str, user: User | None, reason: str) -> None:
    """The address itself stays out: people type passwords into the wrong field."""
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:16]
    note_apart(Action.SIGN_IN_REFUSED, f"user {user.id}" if user else "", reason=reason, address=digest)
    log.info("log-in refused", user_id=user.id if user else None, reason=reason)


def _check_welcome(user: User) -> None:
    if not user.is_active:
        _note_refusal(user.email, user, "blocked" if user.blocked_at else "unconfirmed")
    if user.blocked_at is not None:
        raise Blocked(_("This account is blocked: %(reason)s", reason=user.block_reason))
    if user.confirmed_at is None:
        raise Unconfirmed(_("Confirm your address first: follow the link in the email we sent you."))
