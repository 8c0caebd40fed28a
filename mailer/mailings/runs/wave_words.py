"""The waves of a run that goes, or is over, in words."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.extensions import db
from mailer.mailings.agenda_labels import gap_text, on_clock
from mailer.mailings.waves_ahead import zones_text
from mailer.models.run import Run
from mailer.models.slice import Slice
from mailer.models.wave import Wave


class WaveStanding(StrEnum):
    """Where a wave stands."""

    DONE = "done"
    GOING = "going"
    AHEAD = "ahead"
    CLOSED = "closed"  # the sending hours there are over for the day
    TOO_LATE = "too_late"
    ENDED = "ended"  # the mailing's end comes first on the clocks there
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WaveLine:
    """One wave as its run's page shows it. `begins_at` (aware): when its emails may leave."""

    number: int
    zones: str
    client_count: int
    planned_at: datetime
    begins_at: datetime
    standing: WaveStanding
    there: datetime  # what the clocks there show then
    gap: str | None  # why that is not the time of the run

    @property
    def words(self) -> str:
        """Where it stands."""
        return {
            WaveStanding.DONE: _("done"),
            WaveStanding.GOING: _("being sent"),
            WaveStanding.AHEAD: _("upcoming"),
            WaveStanding.CLOSED: _("waits for the sending hours there"),
            WaveStanding.TOO_LATE: _("left out: too late"),
            WaveStanding.ENDED: _("not sent: the mailing ends before that there"),
            WaveStanding.STOPPED: _("not sent: stopped before"),
        }[self.standing]


@dataclass(frozen=True, slots=True)
class RunWaves:
    """The waves of a run, and the wall-clock time at which each begins where its people live."""

    local: datetime
    lines: list[WaveLine]

    @property
    def next(self) -> WaveLine | None:
        """The first that is still to come."""
        return next((line for line in self.lines if line.standing is WaveStanding.AHEAD), None)


def waves_of_run(run: Run, now: datetime) -> RunWaves | None:
    """The waves of a run; None for one that has none, or whose list is still to be made."""
    if run.wave_local is None:
        return None
    busy = select(Slice.wave, func.count(Slice.ready_at)).where(Slice.run_id == run.id).group_by(Slice.wave)
    left = dict(db.session.execute(busy).tuples().all())
    waves = db.session.scalars(select(Wave).where(Wave.run_id == run.id).order_by(Wave.number))
    lines = [
        WaveLine(
            wave.number,
            zones_text(wave.timezone, wave.zone_count),
            wave.client_count,
            wave.planned_at,
            wave.opens_at,
            _standing(run, wave, left.get(wave.number, 0), now),
            on_clock(run.wave_local, wave.timezone),
            gap_text(run.wave_local, wave.timezone),
        )
        for wave in waves
    ]
    return RunWaves(run.wave_local, lines) if lines else None


def planned_times(run: Run) -> list[tuple[int, datetime]]:
    """From which position on people of the run have which planned moment, in order of positions."""
    if run.wave_local is None:
        return []
    query = select(Slice.first_position, Wave.planned_at).join(
        Wave, (Wave.run_id == Slice.run_id) & (Wave.number == Slice.wave)
    )
    return [
        (first, at)
        for first, at in db.session.execute(query.where(Slice.run_id == run.id).order_by(Slice.first_position))
    ]


def planned_at_of(run: Run, position: int, times: list[tuple[int, datetime]]) -> datetime:
    """When a person of the run was to get it; `times` of `planned_times`."""
    place = bisect_right(times, position, key=itemgetter(0))
    return times[place - 1][1] if place else run.planned_at


def _standing(run: Run, wave: Wave, left_count: int, now: datetime) -> WaveStanding:
    if wave.is_too_late:
        return WaveStanding.TOO_LATE
    if run.ends_at is not None and wave.opens_at >= run.ends_at:
        return WaveStanding.ENDED
    if run.closed_at is not None or run.stop_reason is not None:
        return WaveStanding.DONE if wave.begun_at is not None else WaveStanding.STOPPED
    if wave.opens_at > now:
        return WaveStanding.CLOSED if wave.begun_at is not None else WaveStanding.AHEAD
    return WaveStanding.GOING if left_count else WaveStanding.DONE
