"""What those who oversee do to people: block, give roles and permissions, limit, sign out. Each call is one commit."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.access import Permission
from mailer.account_mail import outbox
from mailer.accounts import known_devices, sessions
from mailer.accounts.admins import refuse_last_admin
from mailer.clock import database_now, utcnow
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.user import GRANTABLE, Role, User
from mailer.queue import TICK, enqueue
from mailer.sending.runs import control
from mailer.sending.series import control as series_control


@undone_when_refused
def block(user: User, reason: str, by: User) -> None:
    """Keep `user` out from the next request on, let nothing more of theirs leave, and tell them why.

    Raises `LastAdmin`, and Refusal for somebody blocked already.
    """
    refuse_last_admin(user)  # locks admins in their order: `user` is one of them, if so
    lock_row(user, FOR_CHANGE)
    if user.blocked_at is not None:
        raise Refusal(_("This account is already blocked."))
    user.blocked_at, user.block_reason, user.blocked_by_id = utcnow(), reason, by.id
    control.stop_owner(user.id)
    sessions.end_all(user.id)
    letter = outbox.add_for(user, "account-blocked", reason=reason)
    add_entry(Action.BLOCKED, f"user {user.id}", reason=reason)
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
def unblock(user: User) -> None:
    """Let `user` in again. Their calendars go on from now: moments that passed meanwhile are not made up for."""
    lock_row(user, FOR_CHANGE)
    if user.blocked_at is None:
        raise Refusal(_("This account is not blocked."))
    user.blocked_at = user.block_reason = user.blocked_by_id = None
    user.unblocked_at = database_now()
    letter = outbox.add_for(user, "account-unblocked")
    add_entry(Action.UNBLOCKED, f"user {user.id}")
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
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
            control.pause(mailing)
        series_control.pause_all_of(user.id)
    sessions.end_all(user.id)
    letter = outbox.add_for(user, "role-changed", role=role.value)
    add_entry(Action.ROLE_CHANGED, f"user {user.id}", before=before.value, after=role.value)
    db.session.commit()
    outbox.wake(letter)


@undone_when_refused
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
    letter = outbox.add_for(user, "permissions-changed", granted=",".join(after))
    add_entry(Action.PERMISSIONS_CHANGED, f"user {user.id}", before=sorted(before), after=after)
    db.session.commit()
    outbox.wake(letter)


def end_sessions(user: User) -> int:
    """Sign `user` out on every device, none of which is known any more; how many there were."""
    count = sessions.end_all(user.id)
    known_devices.forget(user.id)
    add_entry(Action.SESSIONS_ENDED, f"user {user.id}", count=count)
    db.session.commit()
    return count


def set_limits(user: User, daily_limit: int | None, needs_approval: bool) -> None:
    """Keep the limit (mails in 24 hours, None for none) and the rule; they hold from the next run on."""
    user.daily_limit, user.needs_approval = daily_limit, needs_approval
    add_entry(Action.LIMIT_CHANGED, f"user {user.id}", daily_limit=daily_limit, needs_approval=needs_approval)
    db.session.commit()
