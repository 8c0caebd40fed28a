"""The waves of a run as its list is written: which zone belongs to which, and when each may leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.wave import Wave
from mailer.recurrence.moments import Moment, end_at
from mailer.recurrence.waves import moment_in, usable, waves_of
from mailer.recurrence.window import Window
from mailer.sending import instance_guard
from mailer.sending.runs.lateness import ALWAYS_ALLOWED, late_limit, released_after
from mailer.sending.runs.wave_plan import counts_by_zone

ASKED_AGAIN = timedelta(days=1)  # hours that never open may be changed
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WaveTimes:
    """When the emails of a wave may leave, and whether it is too late for them."""

    number: int
    opens_at: datetime
    closes_at: datetime | None
    is_too_late: bool


@dataclass(frozen=True, slots=True)
class WaveList:
    """The waves of one run by number, and the number of each zone; `own`: that of whose zone is not known."""

    times: Mapping[int, WaveTimes]
    numbers: Mapping[str, int]
    own: int

    @property
    def is_all_too_late(self) -> bool:
        """Whether nobody would get it any more."""
        return bool(self.times) and all(wave.is_too_late for wave in self.times.values())

    def number_of_client(self) -> ColumnElement[int]:
        """In SQL: the wave that a client belongs to."""
        known = literal(dict(self.numbers), JSONB)[Client.timezone].astext
        return func.coalesce(cast(known, Integer), self.own)


def laid_out(
    run: Run, mailing: Mailing, among: Sequence[ColumnElement[bool]], now: datetime, ask: Callable[[Any], Any]
) -> tuple[WaveList, list[Wave]]:
    """The waves of a run whose list is about to be written, and their rows; nothing is written yet."""
    assert run.wave_local is not None
    counts = counts_by_zone(among, ask)
    found = waves_of(run.wave_local, counts, mailing.timezone)
    limit = max(late_limit(mailing, Moment(run.wave_local, run.planned_at)), ALWAYS_ALLOWED)
    last_end = _last_end(mailing, counts)
    rows, times = [], {}
    for number, wave in enumerate(found, 1):
        one = _times(number, wave.at, wave.zones[0], mailing, limit, now)
        opens_at, closes_at = before_the_end(mailing, wave.zones[0], (one.opens_at, one.closes_at), last_end)
        one = replace(one, opens_at=opens_at, closes_at=closes_at)
        times[number] = one
        rows.append(
            Wave(
                run_id=run.id,
                number=number,
                planned_at=wave.at,
                timezone=wave.zones[0],
                zone_count=len(wave.zones),
                client_count=wave.client_count,
                opens_at=one.opens_at,
                closes_at=one.closes_at,
                begun_at=now if one.opens_at <= now else None,
                is_too_late=one.is_too_late,
            )
        )
    return _listed(run.wave_local, rows, times, counts, mailing.timezone), rows


def taken_up(run: Run, mailing: Mailing, among: Sequence[ColumnElement[bool]]) -> WaveList:
    """The waves of a run whose list was left unfinished, as they were laid out."""
    assert run.wave_local is not None
    rows = list(db.session.scalars(select(Wave).where(Wave.run_id == run.id).order_by(Wave.number)))
    times = {row.number: WaveTimes(row.number, row.opens_at, row.closes_at, row.is_too_late) for row in rows}
    return _listed(run.wave_local, rows, times, counts_by_zone(among), mailing.timezone)


def bounds_of(run: Run, mailing: Mailing, waves: WaveList) -> tuple[datetime, datetime | None]:
    """When the run could start at the earliest, and when it ends: when its end has come for the last of its people."""
    opening = [wave.opens_at for wave in waves.times.values() if not wave.is_too_late]
    due_at = max(min(opening, default=run.planned_at), mailing.calendar_since or run.created_at)
    last_end = _last_end(mailing, waves.numbers)
    return due_at, run.ends_at if last_end is None else last_end


def before_the_end(
    mailing: Mailing, zone: str, times: tuple[datetime, datetime | None], last_end: datetime | None
) -> tuple[datetime, datetime | None]:
    """When a wave opens and closes, cut off by the end of the mailing on the clocks of its zone.

    A wave for which the end comes first waits until `last_end`, that of the whole run, and is stopped with it.
    """
    opens_at, closes_at = times
    end = end_at(mailing.ends_local, usable(zone, mailing.timezone))
    if end is None or last_end is None:
        return times
    if opens_at >= end:
        return max(opens_at, last_end), None
    return opens_at, min(closes_at or end, end)


def _last_end(mailing: Mailing, zones: Iterable[str]) -> datetime | None:
    """When the end has come on the clocks of all these zones and of the mailing's own; None without an end."""
    own = mailing.timezone
    ends = [end_at(mailing.ends_local, zone) for zone in {usable(zone, own) for zone in zones if zone} | {own}]
    return max((end for end in ends if end is not None), default=None)


def window_in(mailing: Mailing, zone: str) -> Window | None:
    """The sending hours on the clocks of a zone; days off stay the mailing's."""
    window = mailing.window
    return replace(window, zone=zone) if window is not None else None


def opening_in(window: Window, at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The present or next sending hours of whoever may get it from `at` on; those that never come are asked for again
    in a day."""
    found = window.opening(max(at, now))
    if found is None:
        later = max(at, now) + ASKED_AGAIN
        return later, later + A_MINUTE
    return max(found.opens_at, at), found.closes_at


def _times(number: int, at: datetime, zone: str, mailing: Mailing, limit: timedelta, now: datetime) -> WaveTimes:
    window = window_in(mailing, zone)
    first = window.opening(at) if window is not None else None
    could_leave_at = max(at, first.opens_at) if first is not None else at
    since = max(could_leave_at, mailing.calendar_since or could_leave_at)
    passed_at = max(at, mailing.calendar_since or at)
    is_too_late = now - since > limit or released_after(mailing, passed_at, instance_guard.confirmed_at())
    if window is None:
        return WaveTimes(number, at, None, is_too_late)
    return WaveTimes(number, *opening_in(window, at, now), is_too_late)


def _listed(
    local: datetime, rows: Sequence[Wave], times: dict[int, WaveTimes], counts: Mapping[str, int], own: str
) -> WaveList:
    by_moment = {row.planned_at: row.number for row in rows}
    last = rows[-1].number if rows else 1
    own_number = by_moment.get(moment_in(local, own), last)
    numbers = {zone: by_moment.get(moment_in(local, usable(zone, own)), own_number) for zone in counts if zone}
    return WaveList(times, numbers, own_number)
