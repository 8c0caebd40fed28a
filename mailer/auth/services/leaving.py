"""Taking one's data along, and leaving for good."""

from __future__ import annotations

import tempfile
from typing import IO

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, select

from mailer.accounts import letters
from mailer.accounts.erasing import forget_person
from mailer.accounts.own_data import write_archive
from mailer.auth import passwords, pictures
from mailer.auth.refusals import LastAdmin, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import note
from mailer.locks import FOR_CHANGE
from mailer.models.account_email import AccountEmail
from mailer.models.journal_entry import Action
from mailer.models.user import Role, User
from mailer.queue import TICK, enqueue
from mailer.sending import brakes

IN_MEMORY = 8 * 1024 * 1024


def export_own_data(user: User, password: str) -> IO[bytes]:
    """A ZIP of everything kept about this person, at its beginning; raises `WrongPassword`."""
    _require(user, password)
    archive = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    write_archive(user.id, archive)
    note(Action.EXPORTED, f"user {user.id}", what="own data")
    db.session.commit()
    archive.seek(0)
    return archive


def erase_account(user: User, password: str) -> None:
    """Delete the account: name, address and password at once, everything else within minutes, by the tick.

    Nothing more is sent from this moment on. Raises `WrongPassword`, and `LastAdmin`.
    """
    _require(user, password)
    now, folder, picture = utcnow(), pictures.folder(current_app.config["MEDIA_DIR"]), user.avatar_file
    _refuse_last_admin(user)
    db.session.refresh(user, with_for_update=FOR_CHANGE)
    farewell = letters.write(user, "account-deleted")
    db.session.execute(delete(AccountEmail).where(AccountEmail.user_id == user.id, AccountEmail.id != farewell.id))
    brakes.stop_owner(user.id)
    forget_person(user, now)
    note(Action.ERASED, f"user {user.id}", actor_id=user.id)
    db.session.commit()
    pictures.discard(folder, picture)
    letters.send(farewell)
    enqueue(TICK)


def _require(user: User, password: str) -> None:
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your current password."))


def _refuse_last_admin(user: User) -> None:
    if user.role is not Role.ADMIN:
        return
    admins = db.session.scalars(
        select(User).where(User.role == Role.ADMIN).order_by(User.id).with_for_update(**FOR_CHANGE)
    ).all()
    if not any(admin.is_active for admin in admins if admin.id != user.id):
        raise LastAdmin(_("This is the only administrator left. Make somebody else one first."))
