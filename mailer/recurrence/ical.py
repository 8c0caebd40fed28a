"""iCalendar (RFC 5545): coming runs as a feed, a rule as repeating events. Every file describes the zones it names, and
the same thing has the same UID in each file, whatever becomes of its times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from mailer.recurrence.moments import moments
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import Rule, zone_named
from mailer.recurrence.vtimezone import vtimezone

LINE = 73  # octets; the standard allows 75 with the break
LASTS = timedelta(minutes=15)
DATES_AHEAD = timedelta(days=731)
MOST_DATES = 500  # of a rule that iCalendar has no words for
Changes = Mapping[datetime, datetime | None]  # moments (aware) changed by hand: to when, or None: left out


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event that readers put into their calendars. `starts` and `ends` are aware; `organizer`: name and address."""

    uid: str
    summary: str
    starts: datetime
    ends: datetime
    organizer: tuple[str, str]
    made_at: datetime
    place: str = ""
    description: str = ""


def invitation(about: Invitation) -> str:
    """A calendar with that event, published (RFC 5546, section 3.2.1): nobody is asked for an answer by mail."""
    name = re.sub(r'["\x00-\x1f\x7f]', "", about.organizer[0])
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Golub//Invitation//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"),
        *("BEGIN:VEVENT", f"UID:{about.uid}", f"DTSTAMP:{_utc(about.made_at)}", "SEQUENCE:0", "STATUS:CONFIRMED"),
        f'ORGANIZER;CN="{name}":mailto:{about.organizer[1]}' if name else f"ORGANIZER:mailto:{about.organizer[1]}",
        *(f"DTSTART:{_utc(about.starts)}", f"DTEND:{_utc(about.ends)}", f"SUMMARY:{escaped(about.summary)}"),
        *([f"LOCATION:{escaped(about.place)}"] if about.place else []),
        *([f"DESCRIPTION:{escaped(about.description)}"] if about.description else []),
        *("END:VEVENT", "END:VCALENDAR"),
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about. `changed_at` (aware) and `sequence` tell a calendar program which version is newer."""

    uid: str  # the part before the @
    host: str
    summary: str
    url: str
    changed_at: datetime
    sequence: int
    description: str = ""

    def lines(self, suffix: str = "") -> list[str]:
        """The lines that every event has."""
        stamp = _utc(self.changed_at)
        lines = [
            f"UID:{self.uid}{suffix}@{self.host}", f"DTSTAMP:{stamp}", f"LAST-MODIFIED:{stamp}",
            f"SEQUENCE:{self.sequence}", f"SUMMARY:{escaped(self.summary)}", f"URL:{self.url}", "TRANSP:TRANSPARENT",
        ]  # fmt: skip
        return [*lines, f"DESCRIPTION:{escaped(self.description)}"] if self.description else lines


def calendar(name: str, events: Iterable[Sequence[str]], description: str = "") -> str:
    """A whole calendar of events, which are lists of unfolded lines; the zones they name are described."""
    events = list(events)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Golub//Calendar//EN", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    lines += [f"X-WR-CALDESC:{escaped(description)}"] if description else []
    for zone, year in _zones(line for event in events for line in event).items():
        lines += vtimezone(zone, year)
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def single(subject: Subject, suffix: str, at: datetime) -> list[str]:
    """One moment (aware)."""
    return [*subject.lines(suffix), f"DTSTART:{_utc(at)}", f"DTEND:{_utc(at + LASTS)}"]


def whole_day(subject: Subject, suffix: str, at: datetime) -> list[str]:
    """A remark on the day of `at`."""
    return [*subject.lines(suffix), f"DTSTART;VALUE=DATE:{at:%Y%m%d}"]


def repeating(
    subject: Subject, rule: Rule, now: datetime, changes: Changes | None = None, said_of_dates: str = ""
) -> list[list[str]]:
    """The rule as events that repeat, one for each time of the day; or as its dates for two years from `now` (500 at
    most), described by `said_of_dates`, where iCalendar has no words for it. Empty when nothing is to come."""
    said = recurrences(rule)
    if said is None:
        subject = replace(subject, description=said_of_dates)
        changes = {at: to for at, to in (changes or {}).items() if (to or at) > now}
    said = said or _dates(rule, now)
    events: list[list[str]] = []
    for number, lines in enumerate(said, start=1):
        head = [*subject.lines(f"-{number}" if number > 1 else ""), "DURATION:PT15M"]
        mine = {at: to for at, to in (changes or {}).items() if len(said) == 1 or _is_at(lines[0], at, rule)}
        gone = [f"EXDATE;{_local(at, rule)}" for at, to in mine.items() if to is None]
        events.append([*head, *lines, *gone])
        for at, to in mine.items():
            if to is not None:
                events.append([*head, f"RECURRENCE-ID;{_local(at, rule)}", f"DTSTART;{_local(to, rule)}"])
    return events


def _dates(rule: Rule, now: datetime) -> list[list[str]]:
    until = now + DATES_AHEAD
    coming = list(takewhile(lambda moment: moment.at <= until, islice(moments(rule, now), MOST_DATES)))
    if not coming:
        return []
    first, *others = (_local(moment.at, rule) for moment in coming)
    zone = first.partition(":")[0]
    rdates = [f"RDATE;{zone}:" + ",".join(each.partition(":")[2] for each in others)] if others else []
    return [[f"DTSTART;{first}", *rdates]]


def _local(at: datetime, rule: Rule) -> str:
    return f"TZID={rule.zone}:{at.astimezone(zone_named(rule.zone)):%Y%m%dT%H%M%S}"


def _is_at(start: str, at: datetime, rule: Rule) -> bool:
    """Whether `at` belongs to the event whose DTSTART has its time of day."""
    return start[-6:] == _local(at, rule)[-6:]


def _zones(lines: Iterable[str]) -> dict[str, int]:
    """The zones named, each with the first year it is needed for."""
    found: dict[str, int] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if ";TZID=" in name:
            zone, year = name.partition(";TZID=")[2], int(value[:4])
            found[zone] = min(found.get(zone, year), year)
    return found


def escaped(text: str) -> str:
    """A text value."""
    for character in ("\\", ";", ","):
        text = text.replace(character, f"\\{character}")
    return "\\n".join(text.splitlines())


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> str:
    """Long lines go on after a line break and a space, never amid a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > LINE:
            parts.append(part)
            part = " "
        part += character
    return "\r\n".join([*parts, part])
