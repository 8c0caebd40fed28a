"""Moving an account to another address."""

from __future__ import annotations

from datetime import datetime

import structlog
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from mailer.accounts import letters, sessions
from mailer.auth import outbox, passwords, tokens
from mailer.auth.queries import find_user
from mailer.auth.refusals import AddressTaken, WrongPassword
from mailer.auth.services.registration import give_way
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import note
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import User
from mailer.web import absolute_url

log = structlog.get_logger()


def ask_email_change(user: User, password: str, email: str) -> None:
    """Mail a link to the new address and a notice to the old one, which stays until the link is followed.

    An address that has an account gets a mail saying so, and the asker learns nothing of it. Raises `WrongPassword`,
    and `AddressTaken` when the address is the asker's own already.
    """
    now = utcnow()
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your current password."))
    if email == user.email:
        raise AddressTaken(_("This is your address already."))
    question = _ask_new_address(user, email, now)
    recovery_link = absolute_url("auth.forgot")
    notice = letters.write(user, "email-change-asked", new_email=_masked(email), recovery_link=recovery_link)
    db.session.commit()
    outbox.wake(question, notice)


def _ask_new_address(user: User, email: str, now: datetime) -> AccountEmail:
    other = find_user(email)
    if outbox.is_pestered(email, Allowance.NEW_ADDRESS, now):
        return outbox.post_nothing(user.language)
    if other is not None and other.id != user.id and other.is_somebodys:
        return outbox.post(
            "already-registered",
            other.email,
            other.language,
            other,
            Allowance.NEW_ADDRESS,
            login_link=absolute_url("auth.login"),
            recovery_link=absolute_url("auth.forgot"),
        )
    secret = tokens.issue(user, TokenPurpose.CHANGE_EMAIL, email, now)
    link = absolute_url("auth.confirm_email", token=secret)
    return outbox.post("confirm-new-email", email, user.language, user, Allowance.NEW_ADDRESS, link=link)


def change_email(secret: str, by: User | None, password: str) -> User:
    """Move the account to the address that the link was sent to; ends all sessions and tells the old address.

    Whoever follows the link must be signed in to the account or know its password: the link alone says that somebody
    owns the address, not that the account is theirs. Raises `WrongPassword`, and `tokens.BadToken`, also when somebody
    else has taken the address meanwhile.
    """
    now = utcnow()
    token = tokens.find(secret, TokenPurpose.CHANGE_EMAIL, now)
    user, old = token.user, token.user.email
    if (by is None or by.id != user.id) and not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not the password of the account."))
    tokens.spend(secret, TokenPurpose.CHANGE_EMAIL, now)
    if user.email.lower() != token.email.lower():
        give_way(token.email)
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
