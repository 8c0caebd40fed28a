"""Who is signed in where: PostgreSQL is the truth, one indexed read a request, so that ending a session is instant.

A cookie carries a random key, the table only its hash: neither a copy of the table nor a guess opens anything.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import contains_eager

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_token import AccountToken
from mailer.models.user import User
from mailer.models.user_session import UserSession

KEY_BYTES = 32
SEEN_EVERY = timedelta(minutes=1)
# (idle, whole); staff see everybody's data, so theirs are shorter and never remembered.
USER_LIMITS = (timedelta(hours=24), timedelta(days=30))
STAFF_LIMITS = (timedelta(hours=2), timedelta(hours=12))


def begin(user: User, is_remembered: bool, ip: str, user_agent: str, now: datetime) -> str:
    """A new session of `user`; the key for its cookie. The row joins the caller's transaction."""
    key = secrets.token_urlsafe(KEY_BYTES)
    db.session.add(
        UserSession(
            user_id=user.id,
            key_hash=_hash(key),
            is_remembered=is_remembered and not user.is_staff,
            created_at=now,
            seen_at=now,
            ip=ip[:45],
            user_agent=user_agent[:300],
        )
    )
    return key


def find(key: str, now: datetime) -> UserSession | None:
    """The live session of a cookie with its user, or None; notes once a minute that it is in use (commits then)."""
    found = db.session.scalar(
        select(UserSession)
        .join(UserSession.user)
        .options(contains_eager(UserSession.user))
        .where(UserSession.key_hash == _hash(key))
    )
    if found is None or not found.user.is_active or is_over(found, now):
        return None
    if now - found.seen_at > SEEN_EVERY:
        found.seen_at = now
        db.session.commit()
    return found


def is_over(session: UserSession, now: datetime) -> bool:
    """Whether it was idle for too long, or began too long ago. A remembered one is never idle."""
    idle, whole = STAFF_LIMITS if session.user.is_staff else USER_LIMITS
    is_idle = now - session.seen_at > idle and not (session.is_remembered and not session.user.is_staff)
    return is_idle or now - session.created_at > whole


def sessions_of(user: User, now: datetime) -> Sequence[UserSession]:
    """The person's live sessions, the latest in use first."""
    query = select(UserSession).where(UserSession.user_id == user.id).order_by(UserSession.seen_at.desc())
    return [session for session in db.session.scalars(query) if not is_over(session, now)]


def is_key_of(session: UserSession, key: str) -> bool:
    """Whether `key` is the one behind this row."""
    return secrets.compare_digest(session.key_hash, _hash(key))


def end(key: str) -> None:
    """End the session of this cookie, and no other. No commit."""
    db.session.execute(delete(UserSession).where(UserSession.key_hash == _hash(key)))


def end_one(user_id: int, session_id: int) -> bool:
    """End one session of this person, with the links it may have asked for; whether there was such a one. No commit."""
    statement = delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    retire_links(user_id)
    return bool(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def end_all(user_id: int, except_key: str | None = None) -> int:
    """End every session of this person, but for the one of `except_key`; how many. No commit.

    Whoever is put out must find no way back in: links that wait in somebody's mail are worthless from now on as well.
    """
    retire_links(user_id)
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    if except_key is not None:
        statement = statement.where(UserSession.key_hash != _hash(except_key))
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def retire_links(user_id: int) -> None:
    """Make every unused link of the person's account mails worthless, whatever it is for. No commit."""
    unused = update(AccountToken).where(AccountToken.user_id == user_id, AccountToken.used_at.is_(None))
    db.session.execute(unused.values(used_at=utcnow()))


def forget_old(now: datetime) -> int:
    """Delete sessions that are over whatever their limits; how many. Commits."""
    count = db.session.execute(
        delete(UserSession).where(UserSession.created_at < now - max(USER_LIMITS + STAFF_LIMITS))
    ).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
