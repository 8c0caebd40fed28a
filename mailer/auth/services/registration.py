"""Opening an account and confirming its address."""

from __future__ import annotations

import secrets
from datetime import datetime

import structlog
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from mailer.account_mail import outbox
from mailer.accounts import erasing, sessions
from mailer.auth import tokens
from mailer.auth.addresses import normalise
from mailer.auth.passwords import hash_password
from mailer.auth.queries import find_user
from mailer.auth.refusals import BadAddress, EmailTaken, WeakPassword
from mailer.auth.weakness import weakness
from mailer.clock import utcnow
from mailer.errors import constraint_of
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import UNIQUE_EMAIL, Role, User

# The date of the text behind "I agree" (the privacy page): a new text, a new date.
CONSENT_VERSION = "2026-11-21"

log = structlog.get_logger()


def register(email: str, language: str) -> None:
    """Open an account and mail the link that confirms its address; who has one already gets a mail that says so.

    The visitor learns nothing of the difference. Nothing opens the account before the link does, and then only the
    password set by whoever follows it: the one who typed the address may not be its owner.
    """
    now = utcnow()
    user = _new_user(email, Role.USER, secrets.token_urlsafe(32), language)
    user.consented_at, user.consent_version = now, CONSENT_VERSION
    is_new = _insert(user)
    row = _mail_confirmation(user, now) if is_new else _mail_the_known(email, now)
    add_entry(Action.REGISTERED, f"user {user.id}" if is_new else "")
    db.session.commit()
    outbox.wake(row)


def register_invited(email: str, password: str, language: str) -> bool:
    """Open an account for whoever holds the invitation sent to that address, which confirms it; whether it was free.

    Raises `WeakPassword`.
    """
    _check(password, email)
    waiting = _unconfirmed(email)
    user = waiting or _new_user(email, Role.USER, password, language)
    is_new = waiting is not None or _insert(user)
    if is_new:
        _take_possession(user, password, utcnow())
        add_entry(Action.REGISTERED, f"user {user.id}", by="invitation")
    db.session.commit()
    return is_new


def resend_confirmation(email: str, language: str) -> None:
    """Mail the confirmation link once more to somebody who still needs it; nothing happens for anybody else."""
    user = find_user(email)
    if user is not None and user.confirmed_at is None:
        row = _mail_confirmation(user, utcnow())
    else:
        row = outbox.add_dummy(language)
    db.session.commit()
    outbox.wake(row)


def confirm_email(secret: str, password: str) -> User:
    """Confirm the address that the link was sent to, and give its account this password; no other opens it.

    Raises `WeakPassword`, and `tokens.BadToken`, also once the account has been confirmed.
    """
    now = utcnow()
    token = tokens.spend(secret, TokenPurpose.CONFIRM_EMAIL, now)
    if reason := weakness(password, token.user.email):
        db.session.rollback()
        raise WeakPassword(reason)
    _take_possession(token.user, password, now)
    db.session.commit()
    log.info("address confirmed", user_id=token.user_id)
    return token.user


def create_user(email: str, role: Role, password: str | None = None) -> tuple[User, str]:
    """A confirmed account for the command line, and its password: the given one or a new random one.

    Raises `BadAddress`, `WeakPassword` or `EmailTaken`.
    """
    try:
        address = normalise(email)
    except ValueError as error:
        raise BadAddress(_("%(email)s is not an email address.", email=email)) from error
    password = password or secrets.token_urlsafe(15)
    _check(password, address)
    give_way(address)
    user = _new_user(address, role, password, current_app.config["BABEL_DEFAULT_LOCALE"])
    user.confirmed_at = utcnow()
    if not _insert(user):
        raise EmailTaken(_("There is an account with the address %(email)s already.", email=address))
    add_entry(Action.REGISTERED, f"user {user.id}", role=role.value, by="command line")
    db.session.commit()
    log.info("account created", user_id=user.id, role=role.value)
    return user, password


def _check(password: str, email: str) -> None:
    if reason := weakness(password, email):
        raise WeakPassword(reason)


def _unconfirmed(email: str) -> User | None:
    """The registration of this address that nobody confirmed, and no manager blocked."""
    user = find_user(email)
    return user if user is not None and not user.is_somebodys else None


def give_way(email: str) -> None:
    """Forget a registration of this address that nobody confirmed: its owner has it now. No commit."""
    if user := _unconfirmed(email):
        erasing.forget_unconfirmed(user, utcnow())


def _take_possession(user: User, password: str, now: datetime) -> None:
    """Who has proved the address owns the account: nothing that anybody set or asked for before opens it. No commit."""
    user.password_hash = hash_password(password)
    user.confirmed_at = user.confirmed_at or now
    user.consented_at, user.consent_version = now, CONSENT_VERSION
    sessions.end_all(user.id)


def _new_user(email: str, role: Role, password: str, language: str) -> User:
    return User(
        email=email,
        role=role,
        password_hash=hash_password(password),
        language=language,
        timezone=current_app.config["BABEL_DEFAULT_TIMEZONE"],
        daily_limit=current_app.config["NEW_ACCOUNT_DAILY_LIMIT"] if role is Role.USER else None,
    )


def _insert(user: User) -> bool:
    """Whether the address was free: the unique index decides, so that of two at once one wins."""
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        if constraint_of(error) != UNIQUE_EMAIL:
            raise
        return False
    return True


def _mail_confirmation(user: User, now: datetime) -> AccountEmail:
    if outbox.too_many_mails_to(user.email, Allowance.STRANGERS, now):
        return outbox.add_dummy(user.language)
    secret = tokens.issue(user, TokenPurpose.CONFIRM_EMAIL, user.email, now)
    link = absolute_url("auth.confirm", token=secret)
    return outbox.add_for(user, "confirm-email", Allowance.STRANGERS, link=link)


def _mail_the_known(email: str, now: datetime) -> AccountEmail:
    user = find_user(email)
    if user is None or (user.confirmed_at and outbox.too_many_mails_to(email, Allowance.STRANGERS, now)):
        return outbox.add_dummy(current_app.config["BABEL_DEFAULT_LOCALE"])
    if user.confirmed_at is None:
        return _mail_confirmation(user, now)
    return tell_the_known(user, Allowance.STRANGERS)


def tell_the_known(user: User, allowance: Allowance) -> AccountEmail:
    """Somebody gave the address of this account as a new one: its holder hears of it, the asker does not. No commit."""
    links = {"login_link": absolute_url("auth.login"), "recovery_link": absolute_url("auth.forgot")}
    return outbox.add_for(user, "already-registered", allowance, **links)
