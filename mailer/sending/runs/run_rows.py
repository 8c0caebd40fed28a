"""Rows of runs: one for each occurrence, made once, and never lost without a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.recurrence.moments import Moment
from mailer.segments.fields import types_of
from mailer.sending import instance_guard
from mailer.sending.runs.approvals import about_now
from mailer.sending.runs.lateness import MOST_MISSED, due_moments, is_too_late, was_held
from mailer.sending.runs.next_run import end_of, occurrence_of
from mailer.sending.runs.windows import ON_DEMAND
from mailer.sending.tracking import with_links

# On the table, not the model: SQLAlchemy compiles it once.
INSERT_RUN = (
    upsert(Run.__table__)
    .on_conflict_do_nothing(index_elements=["mailing_id", "occurrence"])
    .returning(Run.__table__.c.id)
)


def insert_skipped(mailing: Mailing, skipped: Sequence[Moment], now: datetime, reason: StopReason) -> None:
    """A row for each of these moments that says why it came to nothing; no commit."""
    snapshot = snapshot_of(mailing) if skipped else {}
    for moment in skipped[-MOST_MISSED:]:
        insert_run(mailing, occurrence_of(mailing, moment), moment.at, now, reason, snapshot)


def insert_run(
    mailing: Mailing,
    occurrence: str,
    planned_at: datetime,
    now: datetime,
    skipped: StopReason | None = None,
    snapshot: dict[str, Any] | None = None,
    wave_local: datetime | None = None,
) -> int | None:
    """A run to be planned, or with `skipped` one that says why it was left out; None when it existed already.

    `snapshot` is that of the mailing now, for who makes several rows. `wave_local`: of a run in waves.

    An end that has passed ends a run on demand no more: a person asks for it all the same.
    """
    ends_at = end_of(mailing)
    is_on_demand = occurrence.startswith(ON_DEMAND)
    snapshot = snapshot_of(mailing) if snapshot is None else snapshot
    begins_at = planned_at if wave_local is None else min(planned_at, mailing.first_wave_at or planned_at)
    values = {
        "owner_id": mailing.owner_id,
        "mailing_id": mailing.id,
        "occurrence": occurrence,
        "state": RunState.SKIPPED if skipped else RunState.PLANNED,
        "snapshot": snapshot,
        "is_tracked": "tracking" in snapshot,
        "planned_at": planned_at,
        "due_at": max(begins_at, mailing.calendar_since or begins_at),
        "wave_local": wave_local,
        "ends_at": None if is_on_demand and ends_at is not None and ends_at <= now else ends_at,
        "created_at": now,
        "closed_at": now if skipped else None,
        "stop_reason": skipped,
    }
    return db.session.scalar(INSERT_RUN, values)


def snapshot_of(mailing: Mailing) -> dict[str, Any]:
    """What the run will send, whatever becomes of the message meanwhile."""
    return {**with_links(about_now(mailing)), "types": types_of(mailing.owner_id), "name": mailing.name}


def leave_out_overdue(mailing: Mailing, due: Moment | None, now: datetime) -> None:
    """Say of every moment that has passed and not begun, but for `due`, why it never will; no commit.

    For a mailing whose calendar is about to change: what it promised until now is settled by its old rule.
    """
    if mailing.next_run_at is None or mailing.next_run_at > now:
        return
    confirmed_at = instance_guard.confirmed_at()
    held_now = not mailing.may_send or mailing.owner.blocked_at is not None or instance_guard.sending_is_blocked()
    snapshot = snapshot_of(mailing)
    for moment in due_moments(mailing, now)[-MOST_MISSED:]:
        if due is not None and moment.at == due.at:
            continue
        if held_now or was_held(mailing, moment, confirmed_at):
            reason = StopReason.HELD
        else:
            reason = StopReason.MISSED if is_too_late(mailing, moment, now) else StopReason.CHANGED
        insert_run(mailing, occurrence_of(mailing, moment), moment.at, now, reason, snapshot)
