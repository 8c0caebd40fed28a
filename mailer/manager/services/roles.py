"""Giving roles, and signing somebody out."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.access import Permission
from mailer.accounts import known_devices, letters, sessions
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import note
from mailer.manager.services.admins import refuse_last_admin
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.user import GRANTABLE, Role, User
from mailer.sending import brakes


def change_role(user: User, role: Role) -> None:
    """Give `user` another role and end their sessions; what was granted besides goes. Raises `LastAdmin`.

    Who writes to nobody any more has their mailings paused: nothing shall leave that its owner cannot stop.
    """
    if user.role is role:
        return
    refuse_last_admin(user)
    before, user.role = user.role, role
    user.granted = []
    if role is not Role.USER:
        for mailing in db.session.scalars(
            select(Mailing)
            .where(Mailing.owner_id == user.id, Mailing.completed_at.is_(None), Mailing.deleted_at.is_(None))
            .order_by(Mailing.id)
        ):
            brakes.pause(mailing)
    sessions.end_all(user.id)
    letter = letters.write(user, "role-changed", role=role.value)
    note(Action.ROLE_CHANGED, f"user {user.id}", before=before.value, after=role.value)
    db.session.commit()
    letters.send(letter)


def set_permissions(user: User, granted: Collection[Permission]) -> None:
    """Let `user` do what is `granted` besides their role, and nothing else of it; they sign in anew and are told.

    Raises Refusal for what cannot be granted one by one.
    """
    if not set(granted) <= set(GRANTABLE):
        raise Refusal(_("This cannot be granted by itself; it comes with a role."))
    before = set(user.granted)
    after = [one.value for one in GRANTABLE if one in granted and one not in user.role.permissions]
    if before == set(after):
        return
    user.granted = after
    sessions.end_all(user.id)
    letter = letters.write(user, "permissions-changed", granted=",".join(after))
    note(Action.PERMISSIONS_CHANGED, f"user {user.id}", before=sorted(before), after=after)
    db.session.commit()
    letters.send(letter)


def end_sessions(user: User) -> int:
    """Sign `user` out on every device, none of which is known any more; how many there were."""
    count = sessions.end_all(user.id)
    known_devices.forget(user.id)
    note(Action.SESSIONS_ENDED, f"user {user.id}", count=count)
    db.session.commit()
    return count
