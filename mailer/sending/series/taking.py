"""From the people due in a step to deliveries of a run, in one transaction with their moving on.

One run for each step and day of the owner: a batch is written behind those on its list already, and a run that was over
for want of people is taken up again. So a crash neither loses a person nor repeats a mail, and a day's run says what
became of everybody it was for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Select, exists, func, literal, select, update

from mailer.clock import database_now
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.series import Enrolment, EnrolmentState, Held, Series, SeriesStep
from mailer.sending import instance_guard
from mailer.sending.runs import bound_values, ceilings, limits
from mailer.sending.runs.approvals import content_of
from mailer.sending.runs.list_rows import write_list
from mailer.sending.runs.listed_values import listed_values
from mailer.sending.series import own_zones, step_runs
from mailer.sending.series.delays import DAY, due_after
from mailer.sending.series.people import Due, let_wait, sorted_out
from mailer.sending.series.places import leave, point

log = structlog.get_logger()
BATCH = 1000
HELD_FOR = timedelta(minutes=5)  # until an obstacle that only a person or another day removes is looked at again
HELD = {
    StopReason.LIMIT: Held.LIMIT,
    StopReason.UNAPPROVED: Held.UNAPPROVED,
    StopReason.NO_CATCHER: Held.NO_CATCHER,
}


@dataclass(frozen=True, slots=True)
class TakenBatch:
    """What a call did: how many people moved in any way, and the run that some of them are on."""

    count: int
    run_id: int | None = None


def take(step_id: int, now: datetime | None = None, batch: int = BATCH) -> TakenBatch:
    """Take the first people due in a step, if it may send; commits. Safe beside others: one series is one's at a time.

    Nobody is moved while the daily limit, a missing approval or the like keeps the mail from leaving: they stay due,
    and are not late for it.
    """
    now = now or database_now()
    step = db.session.get(SeriesStep, step_id, populate_existing=True)
    series = db.session.get(Series, step.series_id) if step is not None else None
    if step is None or series is None or instance_guard.sending_is_blocked() or not _lock(series, step):
        db.session.rollback()
        return TakenBatch(0)
    mailing = db.session.get_one(Mailing, step.mailing_id, populate_existing=True)
    if not mailing.may_send:
        db.session.rollback()
        return TakenBatch(0)
    due = sorted_out(step, series, mailing, now, batch)
    run = _list(due, step, mailing, now)
    _move_on(due, step, series, run, now)
    point(series)
    if step.held_reason is not None:
        db.session.refresh(step)
        step.next_due_at = max(now + HELD_FOR, step.next_due_at or now) if step.next_due_at else None
    db.session.commit()
    moved = len(due.listed) + sum(map(len, [*due.leave.values(), *due.wait.values()]))
    return TakenBatch(moved, run.id if run is not None else None)


def _lock(series: Series, step: SeriesStep) -> bool:
    """In the common order: the owner's turn, the owner, the series; whether the step may go."""
    limits.take_turn(series.owner)
    lock_row(series.owner, AS_IT_IS)
    free = select(Series.id).where(Series.id == series.id).with_for_update(**FOR_CHANGE, skip_locked=True)
    if db.session.scalar(free) is None:
        return False
    db.session.refresh(series)
    return series.is_going and series.owner.blocked_at is None


def _list(due: Due, step: SeriesStep, mailing: Mailing, now: datetime) -> Run | None:
    """Write those on the run of the day who may be; None when nobody is to be."""
    step.held_reason = _obstacle(due, mailing, now)
    if step.held_reason is not None:
        step.excused_until = now + HELD_FOR + HELD_FOR
        due.go.clear()
        due.suppressed.clear()
    if not due.listed:
        return None
    lock_row(mailing, FOR_CHANGE)
    needs_approval = limits.needs_approval(mailing, due.will_get, now)
    run = step_runs.of_today(mailing, needs_approval, due.first_due_at or now, now)
    for id_, client_id in _listed_already(run, due.listed).items():  # the same address twice on a day: tomorrow
        due.go.pop(id_, None)
        due.late.pop(id_, None)
        due.wait.setdefault(now + DAY, []).append(id_)
        log.info("once a day", run=run.id, client=client_id)
    if due.listed:
        _write(run, due, mailing, now)
    return run


def _obstacle(due: Due, mailing: Mailing, now: datetime) -> Held | None:
    """Why none of those due may be written to now; where the limit has room for some, the others are put off."""
    if mailing.message.deleted_at is not None:
        return Held.MESSAGE
    if not due.will_get:
        return None
    reason = limits.reason_not_to_send(mailing, due.will_get, now)
    if reason is StopReason.LIMIT:
        room = max(0, (mailing.owner.daily_limit or 0) - limits.used_today(mailing.owner, now))
        due.keep_only(room)
        reason = limits.reason_not_to_send(mailing, room, now) if room else reason
    return HELD[reason] if reason is not None else None


def _listed_already(run: Run, listed: dict[int, int]) -> dict[int, int]:
    found = set(db.session.scalars(on_list(run.id, listed.values()))) if run.planned_count else set()
    return {id_: client_id for id_, client_id in listed.items() if client_id in found}


def on_list(run_id: int, client_ids: Iterable[int]) -> Select[tuple[int]]:
    """Those of the clients whose addresses are on the list of a run.

    PostgreSQL looks each of them up. Of a run that is named outright and is not in its statistics yet, it would think
    that it has one recipient, and read the whole list for each client.
    """
    run = select(literal(run_id)).scalar_subquery()
    is_there = exists().where(Delivery.run_id == run, Delivery.email_key == Client.email_key).correlate(Client)
    return select(Client.id).where(Client.id.in_(client_ids), is_there)


def _write(run: Run, due: Due, mailing: Mailing, now: datetime) -> None:
    people, listed_count = sorted(due.listed.values()), run.planned_count
    step_runs.open_for_more(run, mailing, now)
    write_list(run.id, run.owner_id, people, listed_count, _bound(run, mailing, people))
    if due.late:
        db.session.execute(
            update(Delivery)
            .where(Delivery.run_id == run.id, Delivery.position > listed_count)
            .where(Delivery.client_id.in_(due.late.values()), Delivery.state == DeliveryState.WAITING)
            .values(state=DeliveryState.EXCLUDED, reason=Reason.TOO_LATE)
            .execution_options(synchronize_session=False)
        )
    ceilings.exclude_who_got_enough(run.id, run.owner_id, listed_count, now)


def _bound(run: Run, mailing: Mailing, people: list[int]) -> list[str | None]:
    """What stands beside them, as it is now; nothing where nothing has to."""
    names = bound_values.taken_names(content_of(run)) if run.is_approved else []
    parts = run.snapshot.get("conditions")
    if not (names or parts):
        return []
    values = listed_values(mailing, names, parts, db.session.scalar)
    found = dict(db.session.execute(select(Client.id, values).where(Client.id.in_(people))).tuples().all())
    return [found.get(id_) for id_ in people]


def _move_on(due: Due, step: SeriesStep, series: Series, run: Run | None, now: datetime) -> None:
    """Those listed wait for the next step from now on, or from the hours in which this one may leave."""
    for reason, ids in due.leave.items():
        leave(series, ids, reason)
    let_wait(due)
    gone = due.suppressed if run is not None else {}
    for reason in set(gone.values()):
        leave(series, [id_ for id_, why in gone.items() if why is reason], reason)
    listed = [id_ for id_ in due.listed if id_ not in gone]
    if run is None or not listed:
        return
    base = max(now, run.window_opens_at or now) if run.state is RunState.WAITING_FOR_WINDOW else now
    following = next((one for one in series.steps if one.position > step.position), None)
    values: dict[str, Any] = {"last_run_id": run.id, "moved_at": func.now()}
    if following is None:
        values |= {"state": EnrolmentState.FINISHED, "step_id": None, "due_at": None}
    else:
        due_at = due_after(following, series, base, following.mailing.days_off())
        values |= {"step_id": following.id, "due_at": due_at}
    db.session.execute(
        update(Enrolment).where(Enrolment.id.in_(listed)).values(**values).execution_options(synchronize_session=False)
    )
    if following is not None and own_zones.matter(series, following):
        people = {id_: due.listed[id_] for id_ in listed}
        moment_in = partial(due_after, following, series, base, following.mailing.days_off())
        own_zones.put_right(series, people, moment_in)
