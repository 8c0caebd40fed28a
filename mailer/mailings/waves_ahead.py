"""The waves of a run that is to come, in words: what each zone's people may expect as things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, func, select

from mailer.extensions import db
from mailer.http import zone_label
from mailer.mailings.agenda_labels import format_instant, gap_text
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.recurrence.moments import Moment
from mailer.recurrence.waves import ZoneWave, moment_in, unknown_count, waves_of
from mailer.recurrence.window import Window
from mailer.sending.runs.audience import recipients
from mailer.sending.runs.next_run import waited_for
from mailer.sending.runs.wave_list import opening_in
from mailer.sending.runs.wave_plan import moment_on_clock, wave_local_of


@dataclass(frozen=True, slots=True)
class WaveAhead:
    """One wave: its zones by their cities, how many people, when it leaves (aware, and on the mailing's own clock), and
    whether that is later than planned, for the sending hours there."""

    zones: str
    count: int
    at: datetime
    text: str
    has_passed: bool
    waits_for_hours: bool = False
    gap: str | None = None  # why the clocks there show another time when it leaves


@dataclass(frozen=True, slots=True)
class WavesAhead:
    """All of them, the wall-clock time that each begins at, the mailing's zone, and how many have no known zone."""

    waves: list[WaveAhead]
    local: datetime
    zone: str
    unknown_count: int

    @property
    def has_passed(self) -> bool:
        """Whether some would be sent at once."""
        return any(wave.has_passed for wave in self.waves)


def of_mailing(mailing: Mailing, now: datetime) -> WavesAhead | None:
    """Those of the mailing's coming run; None for a mailing without waves or coming run."""
    moment = waited_for(mailing)
    local = wave_local_of(mailing, moment) if moment is not None else None
    if local is None:
        return None
    return ahead(local, counts_of(recipients(mailing)), mailing.timezone, now, mailing.window)


def if_moved(mailing: Mailing, to: datetime, now: datetime) -> WavesAhead:
    """Those of the mailing's coming run if it were moved to `to`, a wall-clock time of its zone."""
    local = moment_on_clock(moment_in(to, mailing.timezone), mailing.timezone)
    return ahead(local, counts_of(recipients(mailing)), mailing.timezone, now, mailing.window)


def of_plan(
    people: Select[tuple[Client]], moment: Moment, zone: str, now: datetime, window: Window | None
) -> WavesAhead:
    """Those of the run at `moment` of a mailing in `zone` that is not saved yet."""
    return ahead(moment.local, counts_of(people), zone, now, window)


def counts_of(people: Select[tuple[Client]]) -> dict[str, int]:
    """How many of these clients live in each zone; empty: not known."""
    among = people.with_only_columns(Client.timezone).order_by(None).subquery()
    return dict(db.session.execute(select(among.c.timezone, func.count()).group_by(among.c.timezone)).tuples().all())


def ahead(
    local: datetime, counts: Mapping[str, int], zone: str, now: datetime, window: Window | None = None
) -> WavesAhead:
    """The waves of so many people by zone, at a wall-clock time; `window`: the sending hours, on each zone's clocks."""
    waves = [
        replace(_wave_ahead(wave, zone, now, window), gap=gap_text(local, wave.zones[0]))
        for wave in waves_of(local, counts, zone)
    ]
    return WavesAhead(waves, local, zone, unknown_count(counts))


def _wave_ahead(wave: ZoneWave, own: str, now: datetime, window: Window | None) -> WaveAhead:
    leaves_at = wave.at
    if window is not None:
        leaves_at, _closes_at = opening_in(replace(window, zone=wave.zones[0]), wave.at, now)
    return WaveAhead(
        zones=zones_text(wave.zones[0], len(wave.zones)),
        count=wave.client_count,
        at=leaves_at,
        text=format_instant(wave.at if leaves_at <= now else leaves_at, own, now),
        has_passed=leaves_at <= now,
        waits_for_hours=leaves_at > max(wave.at, now),
    )


def zones_text(zone: str, count: int) -> str:
    """The city of a zone, and how many zones more there are."""
    if count < 2:
        return zone_label(zone)
    others = ngettext("%(num)s more time zone", "%(num)s more time zones", count - 1)
    return _("%(city)s and %(others)s", city=zone_label(zone), others=others)
