"""How long unsubscribe links of accounts that are gone are known. See docs/adr/0027."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mailer.extensions import db
from mailer.models.former_link import FormerLink

KEPT_FOR = timedelta(days=730)
BATCH = 10_000


def forget_old(now: datetime) -> int:
    """Delete so many of those that went two years ago; how many. Commits."""
    old = select(FormerLink.token_hash).where(FormerLink.gone_at < now - KEPT_FOR).limit(BATCH)
    done = db.session.execute(delete(FormerLink).where(FormerLink.token_hash.in_(old)))
    db.session.commit()
    return int(done.rowcount)  # type: ignore[attr-defined]
