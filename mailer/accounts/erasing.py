"""Forgetting what belonged to accounts that are gone: in small steps, so that nobody else waits."""

from __future__ import annotations

import time
from pathlib import Path

import structlog
from flask import current_app
from sqlalchemy import delete, func, select, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.run import Run
from mailer.models.user import User

log = structlog.get_logger()
BATCH = 5000
TURN_SECONDS = 0.5


def erase_some(seconds: float = TURN_SECONDS) -> int:
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
