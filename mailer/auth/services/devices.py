"""Telling people of a sign-in from a browser they never used."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from flask_babel import force_locale, format_datetime
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.accounts import letters
from mailer.auth.devices import device_name
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.second_factor import KnownDevice
from mailer.models.user import User
from mailer.web import absolute_url

KEPT_FOR = timedelta(days=400)


def welcome(user: User, mark: str | None, ip: str, user_agent: str) -> str:
    """The mark for this browser to keep; somebody who has others and signs in from a new one gets a mail."""
    now = utcnow()
    is_known = mark is not None and db.session.get(KnownDevice, (user.id, _hash(mark))) is not None
    has_others = db.session.scalar(select(func.count()).where(KnownDevice.user_id == user.id))
    mark = mark if mark is not None and is_known else secrets.token_urlsafe(24)
    row = upsert(KnownDevice).values(user_id=user.id, mark_hash=_hash(mark), seen_at=now)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "mark_hash"], set_={"seen_at": now}))
    letter = None
    if has_others and not is_known:
        with force_locale(user.language):
            when = format_datetime(now, "long")
        letter = letters.write(
            user, "new-device", device=device_name(user_agent), ip=ip, when=when, link=absolute_url("auth.sessions")
        )
    db.session.commit()
    if letter is not None:
        letters.send(letter)
    return mark


def forget_old(now: datetime) -> int:
    """Delete marks of browsers not seen for more than a year; how many. Commits."""
    count = db.session.execute(delete(KnownDevice).where(KnownDevice.seen_at < now - KEPT_FOR)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _hash(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()
