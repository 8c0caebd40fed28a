"""Changing a known password, and recovering a forgotten one."""

from __future__ import annotations

from datetime import datetime

import structlog
from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.accounts import known_devices, sessions
from mailer.auth import backoff, passwords, tokens
from mailer.auth.queries import find_user
from mailer.auth.refusals import WeakPassword, WrongPassword
from mailer.auth.weakness import weakness
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import User

log = structlog.get_logger()


def change_password(user: User, current: str, new: str) -> None:
    """Replace the password of somebody who knows it; ends all sessions and pending links and mails a notice.

    Raises `WrongPassword` or `WeakPassword`.
    """
    if not passwords.verify(user.password_hash, current):
        raise WrongPassword(_("This is not your current password."))
    row = _replace(user, new)
    add_entry(Action.PASSWORD_CHANGED, f"user {user.id}")
    db.session.commit()
    outbox.wake(row)


def ask_recovery(email: str, language: str, mark: str | None = None) -> None:
    """Mail a link for a new password to an address that has an account; the visitor learns nothing of whether.

    Who asks from a browser known by its `mark` has mails of their own, whatever strangers ask for.
    """
    now = utcnow()
    user = find_user(email)
    is_known = user is not None and known_devices.is_known(user.id, mark)
    allowance = Allowance.KNOWN_DEVICE if is_known else Allowance.RECOVERY
    if user is None or _has_had_enough(user, allowance, now):
        row = outbox.add_dummy(language)
    else:
        secret = tokens.issue(user, TokenPurpose.RESET_PASSWORD, user.email, now)
        link = absolute_url("auth.reset", token=secret)
        row = outbox.add_for(user, "reset-password", allowance, link=link)
    db.session.commit()
    outbox.wake(row)


def _has_had_enough(user: User, allowance: Allowance, now: datetime) -> bool:
    """Links last for half the hour that mails are counted in: the last mail is kept for when no link works any more."""
    count = outbox.count_recent(user.email, allowance, now)
    if allowance is Allowance.RECOVERY and count == outbox.MAX_PER_HOUR - 1:
        return tokens.is_live(user, TokenPurpose.RESET_PASSWORD, now)
    return count >= outbox.MAX_PER_HOUR


def reset_password(secret: str, new: str, mark: str | None = None) -> str:
    """Set a new password by a mailed link; ends all sessions and pending links, mails a notice, and does not sign in.

    The link proves the address as well, so an unconfirmed one counts as confirmed. The mark for this browser to keep:
    it counts as known from now on, so that no guesses of strangers keep its person from signing in. Raises
    `WeakPassword`, and `tokens.BadToken` for a link that no longer works.
    """
    now = utcnow()
    token = tokens.spend(secret, TokenPurpose.RESET_PASSWORD, now)
    user = token.user
    row = _replace(user, new)
    user.confirmed_at = user.confirmed_at or now
    mark = known_devices.remember(user.id, mark)
    add_entry(Action.PASSWORD_CHANGED, f"user {user.id}", actor_id=user.id, by="mailed link")
    db.session.commit()
    backoff.reset_failures(user.email)
    outbox.wake(row)
    return mark


def _replace(user: User, new: str) -> AccountEmail:
    if reason := weakness(new, user.email):
        db.session.rollback()
        raise WeakPassword(reason)
    user.password_hash = passwords.hash_password(new)
    sessions.end_all(user.id)
    log.info("password changed", user_id=user.id)
    return outbox.add_for(user, "password-changed", recovery_link=absolute_url("auth.forgot"))
