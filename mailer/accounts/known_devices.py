"""Browsers that a person has signed in from: each keeps a random mark in a cookie, the table only its hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.second_factor import KnownDevice
from mailer.models.user import User

KEPT_FOR = timedelta(days=400)


def is_known(user_id: int, mark: str | None) -> bool:
    """Whether the person has signed in from the browser with this mark."""
    return bool(mark) and db.session.get(KnownDevice, (user_id, _hash(mark or ""))) is not None


def name_of(user: User | None, mark: str | None) -> str:
    """What guesses from this browser are counted under; empty when it is not known to the person."""
    return f"device {_hash(mark)}" if user is not None and mark and is_known(user.id, mark) else ""


def has_some(user_id: int) -> bool:
    """Whether the person has signed in from any browser so far."""
    return db.session.scalar(select(KnownDevice.user_id).where(KnownDevice.user_id == user_id).limit(1)) is not None


def remember(user_id: int, mark: str | None) -> str:
    """Count this browser as known to the person from now on; the mark for it to keep. No commit.

    A mark of ours stays, so that people who share a browser do not make each other strangers in it.
    """
    if mark is None or not _is_ours(mark):
        mark = secrets.token_urlsafe(24)
    now = utcnow()
    row = upsert(KnownDevice).values(user_id=user_id, mark_hash=_hash(mark), seen_at=now)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "mark_hash"], set_={"seen_at": now}))
    return mark


def forget(user_id: int, except_mark: str | None = None) -> None:
    """Know none of the person's browsers any more, but the one with `except_mark`. No commit."""
    statement = delete(KnownDevice).where(KnownDevice.user_id == user_id)
    if except_mark is not None:
        statement = statement.where(KnownDevice.mark_hash != _hash(except_mark))
    db.session.execute(statement)


def forget_old(now: datetime) -> int:
    """Delete marks of browsers not seen for more than a year; how many. Commits."""
    count = db.session.execute(delete(KnownDevice).where(KnownDevice.seen_at < now - KEPT_FOR)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _is_ours(mark: str) -> bool:
    return (
        db.session.scalar(select(KnownDevice.user_id).where(KnownDevice.mark_hash == _hash(mark)).limit(1)) is not None
    )


def _hash(mark: str) -> str:
    return hashlib.sha256(mark.encode(errors="replace")).hexdigest()
