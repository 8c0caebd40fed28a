"""Caught mails on disk, the newest some thousands, and an index of them in memory.

They are appended to segment files, `<number>.mails`: one write for one mail, where a file each would cost
ten times as much. A segment is a row of records: a line `golub-mail <id> <size>`, then that many bytes. When a
segment is full, the oldest ones not needed any more are removed; a record cut short by a crash is passed over.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from functools import cached_property
from pathlib import Path
from typing import IO

KEPT_COUNT = 5_000
SEGMENT_COUNT = 500
HEAD_BYTES = 16_384


@dataclass(frozen=True)
class Caught:
    """What the list shows of one mail; its name carries the time: microseconds since 1970, then a number."""

    id: str
    head: bytes
    segment: Path
    offset: int
    size: int

    @property
    def caught_at(self) -> datetime:
        """When the mail came, aware: its id is that moment."""
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1e6, UTC)

    @cached_property
    def recipients(self) -> list[str]:
        """Who it was addressed to by the SMTP client, in that order (not the To header)."""
        return self._field("X-Envelope-To").split()

    @cached_property
    def sender(self) -> str:
        """From, as a person reads it."""
        return readable(self._field("From"))

    @cached_property
    def subject(self) -> str:
        """Subject, as a person reads it."""
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

    _path: Path  # the segment being written
    _file: IO[bytes]
    _end: int  # its size

    def __init__(self, folder: Path, kept_count: int = KEPT_COUNT, segment_count: int = SEGMENT_COUNT) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept_count, self._segment_count = kept_count, segment_count
        self._lock = threading.Lock()
        self._segments = {path: list(read_segment(path)) for path in sorted(folder.glob("*.mails"))}
        self._mails = {mail.id: mail for mails in self._segments.values() for mail in mails}
        self._number = max((int(path.stem) for path in self._segments), default=0)
        self._begin_segment()

    def add(self, sender: bytes, recipients: list[bytes], content: bytes) -> None:
        """Keep one mail, its envelope above its own headers. Errors: OSError when the disk refuses."""
        envelope = b"X-Envelope-From: %s\r\nX-Envelope-To: %s\r\n" % (sender, b" ".join(recipients))
        head = envelope + content[:HEAD_BYTES].partition(b"\r\n\r\n")[0]
        with self._lock:
            if len(self._segments[self._path]) >= self._segment_count:
                self._begin_segment()
                self._remove_oldest()
            name = f"{time.time_ns() // 1000:016d}-{self._number:06d}-{len(self._segments[self._path]):04d}"
            size = len(envelope) + len(content)
            title = b"golub-mail %s %d\n" % (name.encode(), size)
            self._append(title + envelope + content)
            mail = Caught(name, head, self._path, self._end - size, size)
            self._mails[name] = mail
            self._segments[self._path].append(mail)

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
        """The mail with this id, None when there is none (any more)."""
        with self._lock:
            return self._mails.get(name)

    def content(self, mail: Caught) -> bytes:
        """The whole mail as it came, the envelope above it. Errors: OSError when it has just been removed."""
        with mail.segment.open("rb") as file:
            file.seek(mail.offset)
            return file.read(mail.size)

    def clear(self) -> None:
        """Forget every mail."""
        with self._lock:
            gone = list(self._segments)
            self._segments, self._mails = {}, {}
            self._begin_segment()
        for path in gone:
            path.unlink(missing_ok=True)

    def _begin_segment(self) -> None:
        self._number += 1
        self._path = self._folder / f"{self._number:06d}.mails"
        self._file = self._path.open("ab", buffering=0)
        self._end = 0
        self._segments[self._path] = []

    def _append(self, record: bytes) -> None:
        try:
            if self._file.write(record) != len(record):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(record)

    def _remove_oldest(self) -> None:
        """Drop segments as long as those after them hold enough."""
        for path, mails in list(self._segments.items()):
            if len(self._mails) - len(mails) < self._kept_count:
                return
            for mail in mails:
                del self._mails[mail.id]
            del self._segments[path]
            path.unlink(missing_ok=True)


def readable(value: str) -> str:
    """A header's text with its encoded words decoded (RFC 2047); as it stands when they are broken."""
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, MessageError):
        return value


def read_segment(path: Path) -> Iterator[Caught]:
    """The mails of one segment, up to a record that was cut short."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while title := file.readline():
            try:
                _, name, size_text = title.decode("ascii").split()
                offset, size = file.tell(), int(size_text)
            except ValueError:
                return
            if offset + size > end:
                return
            yield Caught(name, file.read(min(size, HEAD_BYTES)).partition(b"\r\n\r\n")[0], path, offset, size)
            file.seek(offset + size)
