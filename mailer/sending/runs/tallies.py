"""Counting a closed run's people by reason, once: reports read the tallies and never the deliveries."""

from __future__ import annotations

from sqlalchemy import delete, select, text, update

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.delivery import DeliveryState
from mailer.models.run import Run
from mailer.models.run_tally import RefusalKind, RunTally
from mailer.sending.conditions import listed

EMPTY_AT_ONCE = 1000
RUNS_AT_ONCE = 20
IS_TO_TALLY = (Run.closed_at.is_not(None), Run.tallied_at.is_distinct_from(Run.closed_at))
HAS_NOTHING = Run.refused_count + Run.excluded_count + Run.stopped_count == 0
TALLIED = (DeliveryState.REFUSED, DeliveryState.EXCLUDED, DeliveryState.STOPPED)
COUNT = text(f"""
    INSERT INTO run_tallies (run_id, kind, reason, count)
    SELECT d.run_id, d.state, coalesce(d.reason, CASE
            WHEN d.state <> '{DeliveryState.REFUSED}' THEN '{RefusalKind.OTHER}'
            WHEN a.enhanced_code LIKE '%.3.4' OR a.enhanced_code LIKE '%.2.3' THEN '{RefusalKind.SIZE}'
            WHEN a.enhanced_code LIKE '_.1.%' THEN '{RefusalKind.ADDRESS}'
            WHEN a.enhanced_code LIKE '_.2.%' THEN '{RefusalKind.MAILBOX}'
            WHEN a.enhanced_code LIKE '_.7.%' THEN '{RefusalKind.POLICY}'
            WHEN a.enhanced_code IS NULL AND a.smtp_code IN (550, 551, 553) THEN '{RefusalKind.ADDRESS}'
            WHEN a.enhanced_code IS NULL AND a.smtp_code = 552 THEN '{RefusalKind.MAILBOX}'
            ELSE '{RefusalKind.OTHER}' END), count(*)
    FROM deliveries d
    LEFT JOIN attempts a ON a.run_id = d.run_id AND a.position = d.position AND a.number = d.attempt_count
    WHERE d.run_id = :run AND d.state IN ({listed(TALLIED)})
    GROUP BY 1, 2, 3
""")


def tally_closed_runs() -> int:
    """Count what was closed since the last call, at most so many runs; how many. Commits after each."""
    nothing = (
        select(Run.id)
        .where(*IS_TO_TALLY, HAS_NOTHING)
        .limit(EMPTY_AT_ONCE)
        .with_for_update(**FOR_CHANGE, skip_locked=True)
    )
    done = db.session.execute(
        update(Run)
        .where(Run.id.in_(nothing))
        .values(tallied_at=Run.closed_at)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    for run_id in db.session.scalars(select(Run.id).where(*IS_TO_TALLY).order_by(Run.id).limit(RUNS_AT_ONCE)).all():
        done += _tally(run_id)
    return int(done)


def _tally(run_id: int) -> bool:
    run = db.session.scalar(
        select(Run).where(Run.id == run_id, *IS_TO_TALLY).with_for_update(**FOR_CHANGE, skip_locked=True)
    )
    if run is not None:
        db.session.execute(delete(RunTally).where(RunTally.run_id == run_id))
        db.session.execute(COUNT, {"run": run_id})
        run.tallied_at = run.closed_at
    db.session.commit()
    return run is not None
