"""Changing a known password, and recovering a forgotten one."""

from __future__ import annotations

import structlog
from flask_babel import gettext as _

from mailer.accounts import sessions
from mailer.auth import backoff, outbox, passwords, tokens
from mailer.auth.queries import find_user
from mailer.auth.refusals import WeakPassword, WrongPassword
from mailer.auth.weakness import weakness
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import note
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import User
from mailer.web import absolute_url

log = structlog.get_logger()


def change_password(user: User, current: str, new: str) -> None:
    """Replace the password of somebody who knows it; ends all sessions and mails a notice.

    Raises `WrongPassword` or `WeakPassword`.
    """
    if not passwords.verify(user.password_hash, current):
        raise WrongPassword(_("This is not your present password."))
    row = _replace(user, new)
    note(Action.PASSWORD_CHANGED, f"user {user.id}")
    db.session.commit()
    outbox.wake(row)


def ask_recovery(email: str, language: str) -> None:
    """Mail a link for a new password to an address that has an account; the visitor learns nothing of whether."""
    now = utcnow()
    user = find_user(email)
    if user is None or outbox.is_pestered(user.email, now):
        row = outbox.post_nothing(language)
    else:
        secret = tokens.issue(user, TokenPurpose.RESET_PASSWORD, user.email, now)
        link = absolute_url("auth.reset", token=secret)
        row = outbox.post("reset-password", user.email, user.language, user, link=link)
    db.session.commit()
    outbox.wake(row)


def reset_password(secret: str, new: str) -> User:
    """Set a new password by a mailed link; ends all sessions, mails a notice, and does not sign in.

    The link proves the address as well, so an unconfirmed one counts as confirmed. Raises `WeakPassword`, and
    `tokens.BadToken` for a link that no longer works.
    """
    now = utcnow()
    token = tokens.spend(secret, TokenPurpose.RESET_PASSWORD, now)
    user = token.user
    row = _replace(user, new)
    user.confirmed_at = user.confirmed_at or now
    note(Action.PASSWORD_CHANGED, f"user {user.id}", actor_id=user.id, by="mailed link")
    db.session.commit()
    backoff.forgive(user.email)
    outbox.wake(row)
    return user


def _replace(user: User, new: str) -> AccountEmail:
    if reason := weakness(new, user.email):
        db.session.rollback()
        raise WeakPassword(reason)
    user.password_hash = passwords.hash_password(new)
    sessions.end_all(user.id)
    tokens.retire(user, TokenPurpose.RESET_PASSWORD, utcnow())
    log.info("password changed", user_id=user.id)
    return outbox.post("password-changed", user.email, user.language, user, recovery_link=absolute_url("auth.forgot"))
