"""What a change of a running series does to the people in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Time, cast, func, select, update

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.series import DelayKind, Enrolment, EnrolmentState, Series, SeriesStep
from mailer.sending.series.delays import due_after
from mailer.sending.series.own_zones import zone_for


@dataclass(frozen=True, slots=True)
class Removed:
    """A step that was taken out, and the id of the step before it that stays; None: it was among the first."""

    step: SeriesStep
    before_id: int | None


def settle(series: Series, removed: list[Removed], changed: list[SeriesStep], now: datetime) -> None:
    """Move the people of removed steps on, and those of changed ones to their new moments; no commit."""
    waiting_anew = {step.id: step for step in changed}
    for one in removed:
        following = following_step(series, one.before_id)
        if following is None:
            _of(one.step, state=EnrolmentState.FINISHED, step_id=None, due_at=None, moved_at=now)
        else:
            _of(one.step, step_id=following.id)
            waiting_anew[following.id] = following
    for step in waiting_anew.values():
        _wait_anew(series, step, now)


def following_step(series: Series, before_id: int | None) -> SeriesStep | None:
    """What comes behind that step, as the series now is; the first step behind none."""
    ids = [step.id for step in series.steps]
    place = ids.index(before_id) + 1 if before_id in ids else 0
    return series.steps[place] if place < len(ids) else None


def _wait_anew(series: Series, step: SeriesStep, now: datetime) -> None:
    """By the delay as it is now, counted from when they came here; at the earliest now."""
    days_off = step.mailing.days_off()
    if step.delay_kind is DelayKind.HOURS:
        _of(step, due_at=func.greatest(now, Enrolment.moved_at + func.make_interval(0, 0, 0, 0, step.delay_count)))
        return
    for zone, theirs in _zones(series, step):
        local = func.timezone(zone, Enrolment.moved_at)
        day, is_before = func.date_trunc("day", local), cast(local, Time) <= step.at_time
        groups = select(day, is_before, func.min(Enrolment.moved_at)).where(*_waiting(step), *theirs)
        for that_day, that_half, moved_at in db.session.execute(groups.group_by(day, is_before)).all():
            due_at = max(now, due_after(step, series, moved_at, days_off, zone))
            _of(step, *theirs, day == that_day, is_before == that_half, due_at=due_at)


def _zones(series: Series, step: SeriesStep) -> list[tuple[str, list[Any]]]:
    """The zones by whose clocks people wait for the step, each with the condition on whom it is for."""
    if not series.in_own_zones:
        return [(series.timezone, [])]
    theirs = select(Client.timezone).join(Enrolment, Enrolment.client_id == Client.id).where(*_waiting(step)).distinct()
    return [
        (
            zone_for(series, zone),
            [Enrolment.client_id.in_(select(Client.id).filter_by(owner_id=series.owner_id, timezone=zone))],
        )
        for zone in db.session.scalars(theirs).all()
    ]


def _waiting(step: SeriesStep) -> tuple[Any, ...]:
    return Enrolment.step_id == step.id, Enrolment.state == EnrolmentState.WAITING


def _of(step: SeriesStep, *conditions: Any, **values: Any) -> None:
    db.session.execute(
        update(Enrolment)
        .where(*_waiting(step), *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
