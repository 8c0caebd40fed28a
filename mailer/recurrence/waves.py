"""One wall-clock time in many zones: at each zone's own moment, in the order of those moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.recurrence.clock_times import resolve
from mailer.recurrence.rule import RuleError, zone_named

FARTHEST = timedelta(hours=26)  # from the first zone of the earth to the last
NOT_KNOWN = ""


@dataclass(frozen=True, slots=True)
class ZoneWave:
    """People whose clocks show the time at one moment, `at` (aware, UTC): how many, and their zones, that of the most
    of them first."""

    at: datetime
    zones: tuple[str, ...]
    client_count: int


def usable(zone: str, own: str) -> str:
    """The zone, or `own` for one that is not known: empty, or a name that the time zone data have no more."""
    try:
        zone_named(zone)
    except RuleError:
        return own
    return zone


def moment_in(local: datetime, zone: str) -> datetime:
    """When (aware, UTC) the clocks of an IANA zone show `local`; gaps and folds as `clock_times.resolve` has them."""
    return resolve(local, zone_named(zone)).at


def waves_of(local: datetime, counts: Mapping[str, int], own: str) -> list[ZoneWave]:
    """The waves, the first one first. `counts`: people by zone; those whose zone is not known are of `own`."""
    by_zone: dict[str, int] = {}
    for name, count in counts.items():
        zone = usable(name, own)
        by_zone[zone] = by_zone.get(zone, 0) + count
    by_moment: dict[datetime, list[str]] = {}
    for zone in by_zone:
        by_moment.setdefault(moment_in(local, zone), []).append(zone)
    return [
        ZoneWave(
            at,
            tuple(sorted(zones, key=lambda zone: (-by_zone[zone], zone != own, zone))),
            sum(by_zone[zone] for zone in zones),
        )
        for at, zones in sorted(by_moment.items())
    ]


def unknown_count(counts: Mapping[str, int]) -> int:
    """How many people have no zone that is known."""
    return sum(count for zone, count in counts.items() if usable(zone, NOT_KNOWN) == NOT_KNOWN)
