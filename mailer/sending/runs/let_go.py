"""Those who wait for the next day of a warm-up that has ended meanwhile: they go now."""

from __future__ import annotations

from sqlalchemy import text

from mailer.extensions import db
from mailer.models.delivery import Reason
from mailer.sending.conditions import IS_UNFINISHED_SQL
from mailer.sending.runs import slicing

RUNS_AT_ONCE = 20
WAITING = text("""
    SELECT DISTINCT h.run_id FROM run_holds h JOIN warm_ups w ON w.id = h.warm_up_id JOIN runs r ON r.id = h.run_id
    WHERE w.ended_at IS NOT NULL AND h.until > now() AND r.closed_at IS NULL ORDER BY h.run_id LIMIT :limit
""")
LOCK_SLICES = text("""
    SELECT id FROM slices WHERE run_id = :run AND leased_until IS NULL AND ready_at > now()
    ORDER BY id FOR NO KEY UPDATE
""")
NOW = text(
    f"UPDATE deliveries d SET retry_at = now() WHERE d.run_id = :run AND d.reason = '{Reason.WARMING}' "
    f"AND d.retry_at > now() AND {IS_UNFINISHED_SQL}"
)
# What a worker has in hand it gives back later, and may have been held a moment ago: the next call comes for them.
FORGET = text("""
    DELETE FROM run_holds h USING warm_ups w WHERE h.run_id = :run AND w.id = h.warm_up_id AND w.ended_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM slices s WHERE s.run_id = h.run_id AND s.leased_until IS NOT NULL)
""")


def let_go() -> int:
    """Let them be due, of some runs; of how many. Commits after each."""
    ids = db.session.scalars(WAITING, {"limit": RUNS_AT_ONCE}).all()
    db.session.commit()
    for run_id in ids:
        db.session.execute(LOCK_SLICES, {"run": run_id})
        db.session.execute(NOW, {"run": run_id})
        slicing.wake(run_id)
        db.session.execute(FORGET, {"run": run_id})
        db.session.commit()
    return len(ids)
