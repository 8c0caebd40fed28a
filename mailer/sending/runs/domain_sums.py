"""The figures of `domain_days` summed over runs: rows that triggers wrote are added up."""

from __future__ import annotations

from sqlalchemy import text

from mailer.extensions import db
from mailer.locks import trying_for

ROWS_AT_ONCE = 5_000
_KEY = "owner_id, is_month, day, domain, figure, words"
# Only rows seen here are taken away, and their sum is put in their place: safe beside everything that writes.
FOLD = text(f"""
    WITH fresh AS (SELECT {_KEY} FROM domain_sums WHERE NOT is_folded ORDER BY id LIMIT :most),
    gone AS (
        DELETE FROM domain_sums WHERE ({_KEY}) IN (SELECT DISTINCT {_KEY} FROM fresh) RETURNING {_KEY}, change
    ), sums AS (
        INSERT INTO domain_sums ({_KEY}, change, is_folded)
        SELECT {_KEY}, sum(change), true FROM gone GROUP BY {_KEY} HAVING sum(change) <> 0
    )
    SELECT count(*) FROM fresh
""")


def fold() -> int:
    """Make one row of those of one figure, and none of a figure that is 0; how many new rows there were, at most so
    many at once. Commits."""
    is_ours = db.session.scalar(trying_for("domain sums"))
    count = int(db.session.scalar(FOLD, {"most": ROWS_AT_ONCE}) or 0) if is_ours else 0
    db.session.commit()
    return count
