"""A zone as iCalendar describes it (RFC 5545, 3.6.5): its offsets, and when its clocks change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailer.recurrence.rule import zone_named

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
AHEAD = 30  # years described
STEP = timedelta(days=7)  # no zone changes its clocks twice within it


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The clocks change at `local` (as they showed it just before) by going from one offset to another."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        """What changes alike."""
        return self.before, self.after, self.name, self.is_daylight


@lru_cache(maxsize=256)
def vtimezone(zone: str, first_year: int) -> tuple[str, ...]:
    """The unfolded lines that describe `zone` from the beginning of `first_year` on, for a generation."""
    found = list(_changes(zone_named(zone), first_year))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone}"]
    kinds = dict.fromkeys(change.kind for change in found)
    for kind in kinds:
        lines += _observance([change for change in found if change.kind == kind])
    return (*lines, "END:VTIMEZONE")


def _changes(zone: ZoneInfo, first_year: int) -> Iterator[ClockChange]:
    """The offset at the beginning, as a change that is none, and the changes after it."""
    at = datetime(max(first_year, 2) - 1, 12, 30, tzinfo=UTC)
    offset, name, is_daylight = _state(at, zone)
    yield ClockChange((at + offset).replace(tzinfo=None, hour=0), offset, offset, name, is_daylight)
    end = datetime(min(first_year + AHEAD, 9998), 1, 1, tzinfo=UTC)
    while at < end:
        if _state(at + STEP, zone) != _state(at, zone):
            moment = _found(at, at + STEP, zone)
            before, (after, name, is_daylight) = _state(at, zone)[0], _state(moment, zone)
            yield ClockChange((moment + before).replace(tzinfo=None), before, after, name, is_daylight)
        at += STEP


def _state(at: datetime, zone: ZoneInfo) -> tuple[timedelta, str, bool]:
    local = at.astimezone(zone)
    return local.utcoffset() or timedelta(0), local.tzname() or "", bool(local.dst())


def _found(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first second of the new state between the two."""
    was = _state(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds() // 2))
        low, high = (middle, high) if _state(middle, zone) == was else (low, middle)
    return high


def _observance(alike: Sequence[ClockChange]) -> Iterator[str]:
    """One kind of change: its first day, and a rule for the others, or else their dates."""
    first = alike[0]
    kind = "DAYLIGHT" if first.is_daylight else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{first.local:%Y%m%dT%H%M%S}"
    locals_ = [change.local for change in alike]
    if rule := _yearly(locals_):
        yield rule
    elif len(alike) > 1:  # a line for each, the first with them: ical.js reads neither second dates nor DTSTART then
        yield from (f"RDATE:{local:%Y%m%dT%H%M%S}" for local in locals_)
    yield f"TZOFFSETFROM:{_offset(first.before)}"
    yield f"TZOFFSETTO:{_offset(first.after)}"
    yield f"TZNAME:{first.name}"
    yield f"END:{kind}"


def _yearly(locals_: Sequence[datetime]) -> str | None:
    """The rule that says just these, one in each year up to the last one described; None when there is none."""
    first = locals_[0]
    if len(locals_) < AHEAD - 2 or any(after.year - before.year != 1 for before, after in pairwise(locals_)):
        return None
    if len({(each.month, each.weekday(), each.time()) for each in locals_}) > 1:
        return None
    weeks = {(each.day - 1) // 7 + 1 for each in locals_}
    are_last = all((each + timedelta(days=7)).month != each.month for each in locals_)
    if not are_last and len(weeks) > 1:
        return None
    week = -1 if are_last else weeks.pop()
    return f"RRULE:FREQ=YEARLY;BYMONTH={first.month};BYDAY={week}{DAYS[first.weekday()]}"


def _offset(offset: timedelta) -> str:
    seconds = int(abs(offset).total_seconds())
    sign = "-" if offset < timedelta(0) else "+"
    tail = f"{seconds % 60:02}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02}{seconds % 3600 // 60:02}{tail}"
