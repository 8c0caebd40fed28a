"""Giving roles, and signing somebody out."""

from __future__ import annotations

from sqlalchemy import select

from mailer.accounts import known_devices, letters, sessions
from mailer.extensions import db
from mailer.journal import note
from mailer.manager.services.admins import refuse_last_admin
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.user import Role, User
from mailer.sending import brakes


def change_role(user: User, role: Role) -> None:
    """Give `user` another role and end their sessions; raises `LastAdmin`.

    Who writes to nobody any more has their mailings paused: nothing shall leave that its owner cannot stop.
    """
    if user.role is role:
        return
    refuse_last_admin(user)
    before, user.role = user.role, role
    if role is not Role.USER:
        for mailing in db.session.scalars(
            select(Mailing).where(
                Mailing.owner_id == user.id, Mailing.completed_at.is_(None), Mailing.deleted_at.is_(None)
            )
        ):
            brakes.pause(mailing)
    sessions.end_all(user.id)
    letter = letters.write(user, "role-changed", role=role.value)
    note(Action.ROLE_CHANGED, f"user {user.id}", before=before.value, after=role.value)
    db.session.commit()
    letters.send(letter)


def end_sessions(user: User) -> int:
    """Sign `user` out on every device, none of which is known any more; how many there were."""
    count = sessions.end_all(user.id)
    known_devices.forget(user.id)
    note(Action.SESSIONS_ENDED, f"user {user.id}", count=count)
    db.session.commit()
    return count
