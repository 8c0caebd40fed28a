"""Caught mails on disk, one `.eml` each, the newest some thousands; an index of them in memory."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from functools import cached_property
from pathlib import Path

KEPT_COUNT = 5_000
SURPLUS_COUNT = 500  # removed in one go, so that a mail costs one file operation and not two
HEAD_BYTES = 16_384


@dataclass(frozen=True)
class Caught:
    """What the list shows of one mail; its name carries the time: microseconds since 1970, then a number."""

    id: str
    head: bytes
    size: int

    @property
    def caught_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1e6, UTC)

    @cached_property
    def recipients(self) -> list[str]:
        """Who it was addressed to by the SMTP client, in that order (not the To header)."""
        return self._field("X-Envelope-To").split()

    @cached_property
    def sender(self) -> str:
        return readable(self._field("From"))

    @cached_property
    def subject(self) -> str:
        return readable(self._field("Subject"))

    def matches(self, words: str) -> bool:
        """Whether the words stand in recipients or subject, letter case aside."""
        return words.casefold() in f"{self._field('X-Envelope-To')} {self.subject}".casefold()

    def _field(self, name: str) -> str:
        """A header as it stands, unfolded; empty when missing."""
        wanted, found = name.lower().encode() + b":", bytearray()
        for line in self.head.splitlines():
            if found and line[:1] in (b" ", b"\t"):
                found += line
            elif found:
                break
            elif line.lower().startswith(wanted):
                found += line
        return bytes(found[len(wanted) :]).decode("utf-8", "replace").strip()


class Spool:
    """Thread-safe: the SMTP side adds while the page reads."""

    def __init__(self, folder: Path, kept_count: int = KEPT_COUNT) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept_count = kept_count
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._mails = {mail.id: mail for mail in _read_heads(folder)}
        self.total_count = len(self._mails)

    def add(self, sender: bytes, recipients: list[bytes], content: bytes) -> None:
        """Keep one mail; the envelope is written above its own headers."""
        envelope = b"X-Envelope-From: %s\r\nX-Envelope-To: %s\r\n" % (sender, b" ".join(recipients))
        name = f"{time.time_ns() // 1000:016d}-{next(self._numbers):07d}"
        (self._folder / f"{name}.eml").write_bytes(envelope + content)
        head = content[:HEAD_BYTES].partition(b"\r\n\r\n")[0]
        with self._lock:
            self._mails[name] = Caught(name, envelope + head, len(content))
            self.total_count += 1
            surplus = len(self._mails) - self._kept_count
            oldest = list(itertools.islice(self._mails, surplus)) if surplus >= SURPLUS_COUNT else []
            for old in oldest:
                del self._mails[old]
        for old in oldest:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)

    def newest(self, words: str = "", since: datetime | None = None) -> list[Caught]:
        """Mails with the words in recipient or subject, caught at or after `since`, the newest first."""
        with self._lock:
            mails = list(self._mails.values())
        return [
            mail
            for mail in reversed(mails)
            if (not words or mail.matches(words)) and (since is None or mail.caught_at >= since)
        ]

    def get(self, name: str) -> Caught | None:
        with self._lock:
            return self._mails.get(name)

    def content(self, mail: Caught) -> bytes:
        """The whole mail as it came, the envelope above it. Errors: OSError when it has just been removed."""
        return (self._folder / f"{mail.id}.eml").read_bytes()

    def clear(self) -> None:
        """Forget every mail."""
        with self._lock:
            names, self._mails = list(self._mails), {}
        for name in names:
            (self._folder / f"{name}.eml").unlink(missing_ok=True)


def readable(value: str) -> str:
    """A header's text with its encoded words decoded (RFC 2047); as it stands when they are broken."""
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):
        return value


def _read_heads(folder: Path) -> Iterator[Caught]:
    for path in sorted(folder.glob("*.eml")):
        with path.open("rb") as file:
            yield Caught(path.stem, file.read(HEAD_BYTES).partition(b"\r\n\r\n")[0], path.stat().st_size)
