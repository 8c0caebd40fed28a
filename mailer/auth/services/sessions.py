"""Signing in, ending sessions, and telling people of a sign-in from a browser they never used."""

from __future__ import annotations

import hashlib
from zoneinfo import ZoneInfo

import structlog
from flask_babel import force_locale, format_datetime
from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.accounts import known_devices, sessions
from mailer.auth import backoff, passwords
from mailer.auth.devices import device_name
from mailer.auth.queries import find_user
from mailer.auth.refusals import Blocked, TooManyTries, Unconfirmed, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.http import absolute_url, zone_label
from mailer.journal import add_entry, add_entry_now
from mailer.models.journal_entry import Action
from mailer.models.user import User

log = structlog.get_logger()


def authenticate(email: str, password: str, mark: str | None = None) -> User:
    """The person with this address and password; `record_sign_in` once the code, too, is proved where one is needed.

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
    backoff.reset_failures(counted)
    _check_welcome(user)
    if passwords.needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    db.session.commit()
    return user


def record_sign_in(user: User) -> None:
    """Count the person as signed in."""
    user.last_login_at = utcnow()
    add_entry(Action.SIGNED_IN, actor_id=user.id)
    db.session.commit()
    log.info("logged in", user_id=user.id)


def _note_refusal(email: str, user: User | None, reason: str) -> None:
    """The address itself stays out: people type passwords into the wrong field."""
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:16]
    add_entry_now(Action.SIGN_IN_REFUSED, f"user {user.id}" if user else "", reason=reason, address=digest)
    log.info("log-in refused", user_id=user.id if user else None, reason=reason)


def _check_welcome(user: User) -> None:
    if not user.is_active:
        _note_refusal(user.email, user, "blocked" if user.blocked_at else "unconfirmed")
    if user.blocked_at is not None:
        raise Blocked(_("This account is blocked: %(reason)s", reason=user.block_reason))
    if user.confirmed_at is None:
        raise Unconfirmed(_("Confirm your address first: follow the link in the email we sent you."))


def end_session(user: User, session_id: int) -> bool:
    """Sign one device of this person out; whether it was signed in."""
    is_ended = sessions.end_one(user.id, session_id)
    if is_ended:
        add_entry(Action.SESSIONS_ENDED, f"user {user.id}", count=1)
    db.session.commit()
    log.info("session ended", user_id=user.id)
    return is_ended


def end_other_sessions(user: User, key: str, mark: str | None) -> int:
    """Sign every device of this person out but the one whose session `key` opens; how many.

    Browsers signed in from before are no longer known, but for this one (by its `mark`).
    """
    count = sessions.end_all(user.id, except_key=key)
    known_devices.forget(user.id, except_mark=mark)
    add_entry(Action.SESSIONS_ENDED, f"user {user.id}", count=count)
    db.session.commit()
    log.info("other sessions ended", user_id=user.id, count=count)
    return count


def note_device(user: User, mark: str | None, ip: str, user_agent: str) -> str:
    """The mark for this browser to keep; somebody who has others and signs in from a new one gets a mail."""
    now = utcnow()
    is_known = known_devices.is_known(user.id, mark)
    has_others = known_devices.has_some(user.id)
    mark = known_devices.remember(user.id, mark)
    letter = None
    if has_others and not is_known:
        with force_locale(user.language):
            local = now.astimezone(ZoneInfo(user.timezone)).replace(tzinfo=None)
            when = f"{format_datetime(local, 'd MMMM y, HH:mm', rebase=False)} ({zone_label(user.timezone)})"
        letter = outbox.add_for(
            user, "new-device", device=device_name(user_agent), ip=ip, when=when, link=absolute_url("auth.sessions")
        )
    db.session.commit()
    if letter is not None:
        outbox.wake(letter)
    return mark
