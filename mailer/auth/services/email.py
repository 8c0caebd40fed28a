"""Moving an account to another address."""

from __future__ import annotations

import structlog
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from mailer.accounts import sessions
from mailer.auth import outbox, passwords, tokens
from mailer.auth.queries import find_user
from mailer.auth.refusals import AddressTaken, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import note
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import User
from mailer.web import absolute_url

log = structlog.get_logger()


def ask_email_change(user: User, password: str, email: str) -> None:
    """Mail a link to the new address; the old one stays until it is followed.

    An address that has an account gets a mail saying so, and the asker learns nothing of it. Raises `WrongPassword`,
    and `AddressTaken` when the address is the asker's own already.
    """
    now = utcnow()
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your present password."))
    if email == user.email:
        raise AddressTaken(_("This is your address already."))
    other = find_user(email)
    if outbox.is_pestered(email, now):
        row = outbox.post_nothing(user.language)
    elif other is not None and other.id != user.id:
        links = {"login_link": absolute_url("auth.login"), "recovery_link": absolute_url("auth.forgot")}
        row = outbox.post("already-registered", other.email, other.language, other, **links)
    else:
        secret = tokens.issue(user, TokenPurpose.CHANGE_EMAIL, email, now)
        link = absolute_url("auth.confirm_email", token=secret)
        row = outbox.post("confirm-new-email", email, user.language, user, link=link)
    db.session.commit()
    outbox.wake(row)


def change_email(secret: str) -> User:
    """Move the account to the address that the link was sent to; ends all sessions and tells the old address.

    Raises `tokens.BadToken`, also when somebody else has taken the address meanwhile.
    """
    now = utcnow()
    token = tokens.spend(secret, TokenPurpose.CHANGE_EMAIL, now)
    user, old = token.user, token.user.email
    user.email = token.email
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise tokens.BadToken from error
    sessions.end_all(user.id)
    row = outbox.post("email-changed", old, user.language, user, new_email=_masked(user.email))
    note(Action.EMAIL_CHANGED, f"user {user.id}", actor_id=user.id)
    db.session.commit()
    outbox.wake(row)
    log.info("address changed", user_id=user.id)
    return user


def _masked(email: str) -> str:
    """Enough of an address for its owner to know it again: `i…@example.org`."""
    local, _at, domain = email.partition("@")
    return f"{local[:1]}…@{domain}"
