"""What a person says about themselves, moving to another address, and leaving with one's data."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, BinaryIO

import structlog
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete

from mailer.account_mail import outbox
from mailer.accounts import sessions
from mailer.accounts.admins import refuse_last_admin
from mailer.accounts.erasing import forget_person
from mailer.accounts.own_data import write_archive
from mailer.auth import passwords, pictures, tokens
from mailer.auth.queries import find_user
from mailer.auth.refusals import EmailTaken, WrongPassword
from mailer.auth.services.registration import give_way, tell_the_known
from mailer.clock import utcnow
from mailer.errors import refused_by, undone_when_refused
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.account_token import TokenPurpose
from mailer.models.journal_entry import Action
from mailer.models.user import UNIQUE_EMAIL, User
from mailer.queue import TICK, enqueue
from mailer.sending.runs import control

log = structlog.get_logger()
IN_MEMORY = 8 * 1024 * 1024  # bytes of an archive before it goes to a temporary file


@dataclass(frozen=True, slots=True)
class Profile:
    """The fields of a profile: `country` as ISO 3166 alpha-2, `timezone` as an IANA name, `language` ru or en."""

    name: str
    phone: str
    country: str
    timezone: str
    language: str


def update_profile(user: User, profile: Profile) -> None:
    """Keep the profile."""
    for column, value in asdict(profile).items():
        setattr(user, column, value)
    db.session.commit()


def set_avatar(user: User, upload: BinaryIO) -> None:
    """Make the uploaded picture the person's avatar, the one before it goes; raises `BadPicture`."""
    folder = pictures.folder(current_app.config["MEDIA_DIR"])
    old = user.avatar_file
    user.avatar_file = pictures.store(upload, folder)
    db.session.commit()
    pictures.discard(folder, old)


def remove_avatar(user: User) -> None:
    """Go back to initials."""
    old, user.avatar_file = user.avatar_file, None
    db.session.commit()
    pictures.discard(pictures.folder(current_app.config["MEDIA_DIR"]), old)


def ask_email_change(user: User, password: str, email: str) -> None:
    """Mail a link to the new address and a notice to the old one, which stays until the link is followed.

    An address that has an account gets a mail saying so, and the asker learns nothing of it. Raises `WrongPassword`,
    and `EmailTaken` when the address is the asker's own already.
    """
    now = utcnow()
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your current password."))
    if email == user.email:
        raise EmailTaken(_("This is your address already."))
    question = _ask_new_address(user, email, now)
    recovery_link = absolute_url("auth.forgot")
    notice = outbox.add_for(user, "email-change-asked", new_email=_masked(email), recovery_link=recovery_link)
    db.session.commit()
    outbox.wake(question, notice)


def _ask_new_address(user: User, email: str, now: datetime) -> AccountEmail:
    other = find_user(email)
    if outbox.too_many_mails_to(email, Allowance.NEW_ADDRESS, now):
        return outbox.add_dummy(user.language)
    if other is not None and other.id != user.id and other.is_somebodys:
        return tell_the_known(other, Allowance.NEW_ADDRESS)
    secret = tokens.issue(user, TokenPurpose.CHANGE_EMAIL, email, now)
    link = absolute_url("auth.confirm_email", token=secret)
    return outbox.add("confirm-new-email", email, user.language, user, Allowance.NEW_ADDRESS, link=link)


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
    with refused_by(UNIQUE_EMAIL, tokens.BadToken()):
        db.session.flush()
    sessions.end_all(user.id)
    row = outbox.add("email-changed", old, user.language, user, new_email=_masked(user.email))
    add_entry(Action.EMAIL_CHANGED, f"user {user.id}", actor_id=user.id)
    db.session.commit()
    outbox.wake(row)
    log.info("address changed", user_id=user.id)
    return user


def _masked(email: str) -> str:
    """Enough of an address for its owner to know it again: `i…@example.org`."""
    local, _at, domain = email.partition("@")
    return f"{local[:1]}…@{domain}"


def export_own_data(user: User, password: str) -> IO[bytes]:
    """A ZIP of everything kept about this person, at its beginning; raises `WrongPassword`."""
    _require(user, password)
    archive = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    write_archive(user.id, archive)
    add_entry(Action.EXPORTED, f"user {user.id}", what="own data")
    db.session.commit()
    archive.seek(0)
    return archive


@undone_when_refused
def erase_account(user: User, password: str) -> None:
    """Delete the account: name, address and password at once, everything else within minutes, by the tick.

    Nothing more is sent from this moment on. Raises `WrongPassword`, and `LastAdmin`.
    """
    _require(user, password)
    now, folder, picture = utcnow(), pictures.folder(current_app.config["MEDIA_DIR"]), user.avatar_file
    refuse_last_admin(user)
    lock_row(user, FOR_CHANGE)
    farewell = outbox.add_for(user, "account-deleted")
    db.session.execute(delete(AccountEmail).where(AccountEmail.user_id == user.id, AccountEmail.id != farewell.id))
    control.stop_owner(user.id)
    forget_person(user, now)
    add_entry(Action.ERASED, f"user {user.id}", actor_id=user.id)
    db.session.commit()
    pictures.discard(folder, picture)
    outbox.wake(farewell)
    enqueue(TICK)


def _require(user: User, password: str) -> None:
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your current password."))
