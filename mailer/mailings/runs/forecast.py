"""How fast a run goes, when it will be done, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flask import current_app

from mailer.mailings.runs import queries
from mailer.models.run import PauseReason, Run, RunState
from mailer.sending import instance_guard, pacing
from mailer.sending.servers import mail_routes

LONG = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class RunForecast:
    """What a moving page shows of an open run beyond its figures."""

    per_second: float | None  # recipients with a final state a second, on the whole
    ends_at: datetime | None  # expected
    next_try_at: datetime | None  # when those who wait are tried again, if nobody is being tried now
    probe_at: datetime | None  # when the first mail server is tried again
    top_refusals: list[queries.TopReply]  # why it paused by itself, if it did
    taken_over_at: datetime | None = None  # a worker fell silent: when others get what it holds
    restored_from: datetime | None = None  # when the backup was made that it was open in
    waits_for_wave: bool = False  # nobody is due before the next wave of the run
    is_unattended: bool = False  # people are due, and no worker comes for them
    holds: Mapping[str, pacing.Hold] = field(default_factory=dict)  # see `pacing.holds_of`

    @classmethod
    def of(cls, run: Run, now: datetime) -> RunForecast:
        """Read it for an open run; of one that stops there is only what keeps it from being over."""
        if run.is_stopping:
            taken_over_at, _is_unattended = queries.standstill(run, current_app.config["LEASE_SECONDS"], now)
            return cls(None, None, None, None, [], taken_over_at)
        probe_at = (
            mail_routes.probe_at(mail_routes.routes_of(run.mailing.owner))
            if run.state is RunState.WAITING_FOR_SERVER
            else None
        )
        next_try_at = queries.next_try_at(run) if run.waiting_count else None
        if next_try_at is not None and next_try_at <= now + timedelta(seconds=2):
            next_try_at = None
        waits_for_wave = next_try_at is not None and queries.is_at_wave(run, next_try_at)
        is_moving = run.state is RunState.SENDING and next_try_at is None
        per_second = speed(run, now) if is_moving else None
        top_refusals = queries.top_refusals(run) if run.pause_reason is PauseReason.REFUSALS else []
        found = cls(per_second, _expected_end(run, now, per_second), next_try_at, probe_at, top_refusals)
        found = replace(found, waits_for_wave=waits_for_wave)
        if run.pause_reason is PauseReason.RESTORED:
            found = replace(found, restored_from=instance_guard.data_of())
        if run.state is RunState.SENDING and run.waiting_count:
            found = replace(found, holds=pacing.holds_of(run.id))
        if not is_moving:
            return found
        taken_over_at, is_unattended = queries.standstill(run, current_app.config["LEASE_SECONDS"], now)
        return replace(found, taken_over_at=taken_over_at, is_unattended=is_unattended)


def speed(run: Run, now: datetime) -> float | None:
    """Recipients a second since the first mail was let go; None before there is anything to measure.

    A run that was reopened, or goes in waves, has no such figure: the time between belongs to nobody.
    """
    if run.started_at is None or run.reopened_at is not None or run.wave_local is not None:
        return None
    seconds = ((run.closed_at or now) - run.started_at).total_seconds()
    done = run.planned_count - run.waiting_count - run.excluded_count - run.stopped_count
    return done / seconds if seconds > 0 and done > 0 else None


def _expected_end(run: Run, now: datetime, per_second: float | None) -> datetime | None:
    if not per_second:
        return None
    return now + min(timedelta(seconds=(run.waiting_count + run.unlisted_count) / per_second), LONG)
