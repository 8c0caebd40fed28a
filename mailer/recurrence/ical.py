"""iCalendar (RFC 5545): coming runs as a feed, a rule as one repeating event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

LINE = 73  # octets; the standard allows 75 with the break
LASTS = timedelta(minutes=15)


def calendar(name: str, events: Iterable[Sequence[str]]) -> str:
    """A whole calendar of events, which are lists of unfolded lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Golub//Calendar//EN", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def event(uid: str, at: datetime, summary: str, url: str, stamp: datetime) -> list[str]:
    """One moment."""
    return [
        f"UID:{uid}", f"DTSTAMP:{_utc(stamp)}", f"DTSTART:{_utc(at)}", f"DTEND:{_utc(at + LASTS)}",
        f"SUMMARY:{escaped(summary)}", f"URL:{url}", "TRANSP:TRANSPARENT",
    ]  # fmt: skip


def repeating(uid: str, recurrence: Sequence[str], summary: str, url: str, stamp: datetime) -> list[str]:
    """One event with its rule (`mailer.recurrence.rfc5545`)."""
    return [
        f"UID:{uid}", f"DTSTAMP:{_utc(stamp)}", *recurrence, "DURATION:PT15M", f"SUMMARY:{escaped(summary)}",
        f"URL:{url}", "TRANSP:TRANSPARENT",
    ]  # fmt: skip


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
