"""Forgetting what belonged to accounts that are gone: in small steps, so that nobody else waits."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from flask import current_app
from sqlalchemy import delete, func, select, update

from mailer.accounts import sessions
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import AccountToken
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.journal_entry import Action
from mailer.models.run import Run
from mailer.models.second_factor import KnownDevice, SecondFactor
from mailer.models.user import Role, User

log = structlog.get_logger()
BATCH = 5000
BUDGET_SECONDS = 0.5
UNCONFIRMED_FOR = timedelta(days=7)  # then a registration that nobody confirmed is forgotten


def forget_person(user: User, now: datetime) -> None:
    """Take address, name, password and every way in from an account; the tick deletes what else it owns. No commit."""
    for model in (AccountToken, KnownDevice, SecondFactor):
        db.session.execute(delete(model).where(model.user_id == user.id))
    sessions.end_all(user.id)
    user.email, user.password_hash, user.role = f"deleted-{user.id}@deleted.invalid", "", Role.USER
    user.granted = []
    user.name = user.phone = user.country = ""
    user.avatar_file = None
    user.erased_at = user.blocked_at = now
    user.block_reason = "deleted"


def forget_unconfirmed(user: User, now: datetime) -> None:
    """Free the address of a registration that nobody confirmed: for its owner, or because it is old. No commit."""
    assert user.confirmed_at is None
    db.session.execute(delete(AccountEmail).where(AccountEmail.user_id == user.id))
    forget_person(user, now)
    db.session.flush()  # the address is free before somebody else takes it


def forget_old_unconfirmed(now: datetime) -> int:
    """Forget registrations that nobody confirmed within a week and whose last link has run out; how many. Commits."""
    live_link = select(AccountToken.id).where(
        AccountToken.user_id == User.id, AccountToken.used_at.is_(None), AccountToken.expires_at > now
    )
    old = select(User).where(
        User.confirmed_at.is_(None),
        User.blocked_at.is_(None),
        User.created_at < now - UNCONFIRMED_FOR,
        ~live_link.exists(),
    )
    ids = db.session.scalars(old.with_only_columns(User.id).order_by(User.id).limit(BATCH)).all()
    count = 0
    for user_id in ids:
        user = db.session.scalar(old.where(User.id == user_id).with_for_update(**FOR_CHANGE))
        if user is not None:  # nobody confirmed it meanwhile
            forget_unconfirmed(user, now)
            add_entry(Action.ERASED, f"user {user_id}", reason="never confirmed")
            count += 1
        db.session.commit()
    return count


def erase_some(seconds: float = BUDGET_SECONDS) -> int:
    """Delete rows of erased accounts for so long; how many accounts are now empty. Each step commits."""
    until, count = time.monotonic() + seconds, 0
    waiting = select(User.id).where(User.erased_at.is_not(None), User.data_erased_at.is_(None)).order_by(User.id)
    for user_id in db.session.scalars(waiting).all():
        while time.monotonic() < until:
            if _is_sending(user_id):
                break  # what is on its way is noted first; the next tick comes again
            if not _forget_batch(user_id):
                _forget_rest(user_id)
                count += 1
                break
    db.session.rollback()
    return count


def _is_sending(user_id: int) -> bool:
    return bool(db.session.scalar(select(func.count()).where(Run.owner_id == user_id, Run.closed_at.is_(None))))


def _forget_batch(user_id: int) -> bool:
    """Delete some deliveries with their attempts; whether there were any."""
    found = db.session.execute(
        select(Delivery.run_id, func.min(Delivery.position).label("first"))
        .where(Delivery.run_id.in_(select(Run.id).where(Run.owner_id == user_id)))
        .group_by(Delivery.run_id)
        .limit(1)
    ).first()
    if found is None:
        return False
    end = found.first + BATCH
    db.session.execute(select(func.erase_deliveries(found.run_id, end)))  # the application's role may not delete them
    db.session.commit()
    return True


def _forget_rest(user_id: int) -> None:
    """Delete every row that names the person as its owner, articles that nobody can read, and uploaded files."""
    folder = Path(current_app.config["IMPORTS_DIR"])
    uploads = db.session.scalars(select(ClientImport.stored_file).where(ClientImport.owner_id == user_id)).all()
    for table in reversed(db.metadata.sorted_tables):
        if table is Run.__table__:
            db.session.execute(select(func.erase_runs(user_id)))
        elif "owner_id" in table.c:
            db.session.execute(delete(table).where(table.c.owner_id == user_id))
    db.session.execute(delete(BlogPost).where(BlogPost.author_id == user_id, BlogPost.status != PostStatus.PUBLISHED))
    db.session.execute(update(BlogPost).where(BlogPost.author_id == user_id).values(author_id=None))
    db.session.execute(update(User).where(User.id == user_id).values(data_erased_at=utcnow()))
    db.session.commit()
    for name in filter(None, uploads):
        for path in folder.glob(f"{Path(name).stem}*"):
            path.unlink(missing_ok=True)
    log.info("account erased", user_id=user_id)
