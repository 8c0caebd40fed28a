"""Slices cover every delivery of a run and say when there is work in them. Without these two rules a run stands still.

The list's own slices are made with it (`mailer.sending.runs.recipient_list`); here is what keeps the rules afterwards.
"""

from __future__ import annotations

from flask import current_app
from sqlalchemy import text

from mailer.extensions import db
from mailer.sending.conditions import IS_UNFINISHED_SQL

IS_COVERED = text(
    "SELECT r.planned_count <= (SELECT coalesce(sum(last_position - first_position + 1), 0) FROM slices "
    "WHERE run_id = r.id) FROM runs r WHERE r.id = :run"
)
COVER = text(
    "WITH uncovered AS ("
    "SELECT d.position, d.position - row_number() OVER (ORDER BY d.position) AS island FROM deliveries d "
    "WHERE d.run_id = :run AND NOT EXISTS (SELECT FROM slices s WHERE s.run_id = d.run_id "
    "AND d.position BETWEEN s.first_position AND s.last_position)) "
    "INSERT INTO slices (run_id, first_position, last_position) "
    "SELECT :run, min(position), max(position) FROM uncovered GROUP BY island, (position - 1) / :size"
)
WAKE = text(
    "WITH due AS ("
    "SELECT o.id, min(greatest(coalesce(d.retry_at, now()), o.opens_at)) AS ready_at FROM slices o "
    "JOIN deliveries d ON d.run_id = o.run_id AND d.position BETWEEN o.first_position AND o.last_position "
    "WHERE o.run_id = :run AND o.leased_until IS NULL AND " + IS_UNFINISHED_SQL + " "
    "GROUP BY o.id), held AS ("
    "SELECT s.id, due.ready_at FROM slices s JOIN due ON due.id = s.id WHERE s.ready_at IS DISTINCT FROM due.ready_at "
    "ORDER BY s.id FOR NO KEY UPDATE OF s) "
    "UPDATE slices s SET ready_at = held.ready_at FROM held WHERE s.id = held.id"
)


def cover(run_id: int) -> None:
    """Give every delivery that no slice covers one; no commit."""
    if not db.session.scalar(IS_COVERED, {"run": run_id}):
        db.session.execute(COVER, {"run": run_id, "size": current_app.config["SLICE_SIZE"]})


def wake(run_id: int) -> None:
    """Let every slice that nobody holds say when its first unfinished delivery is due; no commit."""
    db.session.execute(WAKE, {"run": run_id})
