"""Open runs that nothing would ever move: found, healed and logged, whatever made them so.

In order, this never finds anything. It is there for rows changed by hand or restored, clocks set back, and faults of
ours. What moves an open run: its list to be made; a slice that says when there is work in it; the hours; a pause that
somebody can end; a reason to stop.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, update

from mailer.clock import database_now
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.models.delivery import DeliveryState
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.slice import Slice
from mailer.sending.conditions import IS_UNFINISHED_SQL
from mailer.sending.runs import slicing, windows

log = structlog.get_logger()
LONGEST_LEASES = 10  # times LEASE_SECONDS: one that runs longer was given by a clock that was wrong

NOTHING_DUE = and_(
    Run.state != RunState.PLANNED,
    Run.unlisted_count == 0,
    Run.waiting_count > 0,
    ~exists().where(Slice.run_id == Run.id, Slice.ready_at.is_not(None)),
)
PAUSED_BY_NOBODY = and_(
    Run.state == RunState.PAUSED,
    Run.stop_reason.is_(None),
    exists().where(Mailing.id == Run.mailing_id, Mailing.paused_at.is_(None)),
)
WITHOUT_HOURS = and_(Run.state == RunState.WAITING_FOR_WINDOW, Run.window_closes_at.is_(None))
RECOUNT = text(
    "UPDATE runs SET (planned_count, waiting_count, accepted_count, refused_count, excluded_count, stopped_count, "
    f"uncertain_count) = (SELECT count(*), count(*) FILTER (WHERE {IS_UNFINISHED_SQL}), "
    f"count(*) FILTER (WHERE state = '{DeliveryState.ACCEPTED}'), "
    f"count(*) FILTER (WHERE state = '{DeliveryState.REFUSED}'), "
    f"count(*) FILTER (WHERE state = '{DeliveryState.EXCLUDED}'), "
    f"count(*) FILTER (WHERE state = '{DeliveryState.STOPPED}'), "
    f"count(*) FILTER (WHERE state = '{DeliveryState.UNCERTAIN}') FROM deliveries d WHERE run_id = :run) "
    "WHERE id = :run"
)


def heal() -> list[int]:
    """Give every open run that stands still something that moves it; their ids. Commits each."""
    stuck = or_(NOTHING_DUE, PAUSED_BY_NOBODY, WITHOUT_HOURS, exists().where(Slice.run_id == Run.id, _is_lost()))
    ids = db.session.scalars(select(Run.id).where(Run.closed_at.is_(None), stuck).order_by(Run.id)).all()
    db.session.rollback()
    return [run_id for run_id in ids if _heal(run_id)]


def _is_lost() -> ColumnElement[bool]:
    """Held by nobody who could give it back: leased for longer than anybody leases, or marked and not leased."""
    longest = timedelta(seconds=LONGEST_LEASES * current_app.config["LEASE_SECONDS"])
    return or_(Slice.leased_until > func.now() + longest, and_(Slice.marked.is_not(None), Slice.leased_until.is_(None)))


def _heal(run_id: int) -> bool:
    run = db.session.get(Run, run_id, populate_existing=True)
    if run is None:
        return False
    # The mailing first, as everyone who locks both does.
    mailing = db.session.scalars(select(Mailing).where(Mailing.id == run.mailing_id).with_for_update(**AS_IT_IS)).one()
    lock_row(run, FOR_CHANGE)
    if run.closed_at is not None:
        db.session.rollback()
        return False
    log.warning("an open run stood still", run=run_id, state=run.state.value, waiting=run.waiting_count)
    _free_lost_slices(run_id)
    if run.state is RunState.WAITING_FOR_WINDOW or (run.state is RunState.PAUSED and mailing.paused_at is None):
        windows.enter_window(run, mailing, database_now())
        db.session.flush()
    if _is_true_of(run_id, NOTHING_DUE):
        slicing.cover(run_id)
        slicing.wake(run_id)
    if _is_true_of(run_id, NOTHING_DUE):  # nobody waits at all
        db.session.execute(RECOUNT, {"run": run_id})
    db.session.commit()
    return True


def _is_true_of(run_id: int, condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(Run.id).where(Run.id == run_id, condition)) is not None


def _free_lost_slices(run_id: int) -> None:
    """As if the lease had just run out: who takes the slice over finds what its holder left."""
    db.session.execute(
        update(Slice)
        .where(Slice.run_id == run_id, _is_lost())
        .values(
            lease_token=func.coalesce(Slice.lease_token, func.gen_random_uuid()),
            leased_until=func.now(),
            ready_at=func.coalesce(Slice.ready_at, func.now()),
        )
        .execution_options(synchronize_session=False)
    )
