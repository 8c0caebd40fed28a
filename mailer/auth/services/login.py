"""Signing in."""

from __future__ import annotations

import structlog
from flask_babel import gettext as _

from mailer.auth import backoff, passwords
from mailer.auth.queries import find_user
from mailer.auth.refusals import Blocked, TooManyTries, Unconfirmed, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import User

log = structlog.get_logger()


def authenticate(email: str, password: str) -> User:
    """The person with this address and password, now counted as signed in.

    Raises `TooManyTries` or `WrongPassword` alike for known and unknown addresses; `Blocked` or `Unconfirmed` only to
    somebody who knows the password.
    """
    if seconds := backoff.seconds_to_wait(email):
        raise TooManyTries(seconds)
    user = find_user(email)
    is_right = passwords.verify(user.password_hash, password) if user else passwords.verify_nobody(password)
    if user is None or not is_right:
        backoff.note_failure(email)
        log.info("log-in refused", user_id=user.id if user else None)
        raise WrongPassword(_("The address or the password is wrong."))
    backoff.forgive(email)
    _check_welcome(user)
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    user.last_login_at = utcnow()
    db.session.commit()
    log.info("logged in", user_id=user.id)
    return user


def _check_welcome(user: User) -> None:
    if user.blocked_at is not None:
        raise Blocked(_("This account is blocked: %(reason)s", reason=user.block_reason))
    if user.confirmed_at is None:
        raise Unconfirmed(_("Confirm your address first: follow the link in the mail we sent you."))
