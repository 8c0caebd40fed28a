"""How long mails that nobody could read are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mailer.extensions import db
from mailer.models.mail_report import UnreadMail

KEPT_FOR = timedelta(days=90)
KEPT_COUNT = 2000  # the newest; of 64 KB at most each


def forget_old(now: datetime) -> int:
    """Delete what is old, or beyond the newest; how many. Commits."""
    oldest_kept = select(UnreadMail.id).order_by(UnreadMail.id.desc()).offset(KEPT_COUNT).limit(1).scalar_subquery()
    old = (UnreadMail.received_at < now - KEPT_FOR) | (UnreadMail.id <= oldest_kept)
    count = db.session.execute(delete(UnreadMail).where(old).execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)
