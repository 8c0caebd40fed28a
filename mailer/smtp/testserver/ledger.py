"""The test server's memory: what was accepted is on disk before the server says 250."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message for one recipient that the server took responsibility for."""

    recipient: str
    message_id: str
    sha256: str  # of the content as the author wrote it: dots unstuffed, final CRLF included
    size: int
    at: str  # ISO 8601, UTC
    content: bytes | None = None  # only when the test server keeps contents; never written to the file

    @classmethod
    def of(cls, recipient: str, content: bytes, *, keep: bool) -> Self:
        """Describe a message that has just come in whole."""
        digest = hashlib.sha256(content).hexdigest()
        now = datetime.now(UTC).isoformat()
        return cls(recipient, _message_id(content), digest, len(content), now, content if keep else None)

    def as_line(self) -> str:
        """Return the line of the ledger file, without its end."""
        fields = asdict(self)
        del fields["content"]
        return json.dumps(fields)

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of the ledger file back."""
        return cls(**json.loads(line))


class AcceptanceLedger:
    """Append-only record of acceptances, in memory and (with a path) in a file that is fsynced in groups.

    `add` calls back once the record is safe; `flush` is the owner's duty, soon after
    the first `add` of a group.
    """

    def __init__(self, path: Path | None = None, *, fsync: bool = True) -> None:
        self.records: list[Accepted] = []
        self.counts: Counter[str] = Counter()
        self._fsync = fsync
        self._waiting: list[tuple[Accepted, Callable[[], None]]] = []
        self._file = None if path is None else path.open("a", encoding="utf-8")

    @property
    def is_durable(self) -> bool:
        """Tell whether records go to a file, so that `add` calls back only after a flush."""
        return self._file is not None

    def add(self, record: Accepted, done: Callable[[], None]) -> bool:
        """Take the record; `done` follows when it is safe. True: this one begins a group, flush it soon."""
        if not self.is_durable:
            self._remember(record)
            done()
            return False
        self._waiting.append((record, done))
        return len(self._waiting) == 1

    def flush(self) -> None:
        """Write the group, fsync it once, and let its sessions answer."""
        if self._file is None:
            return
        group, self._waiting = self._waiting, []
        self._file.write("".join(f"{record.as_line()}\n" for record, _ in group))
        self._file.flush()
        if self._fsync:
            os.fsync(self._file.fileno())
        for record, _ in group:
            self._remember(record)
        for _, done in group:
            done()

    def close(self) -> None:
        """Close the file; what waits is lost, as it would be in a crash."""
        if self._file is not None:
            self._file.close()

    def _remember(self, record: Accepted) -> None:
        self.counts[record.recipient] += 1
        self.records.append(record)


def read_ledger(path: Path) -> list[Accepted]:
    """Read a ledger file that another process writes; a last line torn by a kill was never promised."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [Accepted.from_line(line) for line in lines]


def _message_id(content: bytes) -> str:
    if b"message-id:" not in content[:16_384].lower():
        return ""
    head = content.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        if line[:11].lower() == b"message-id:" and line[11:].strip():
            return line[11:].strip().decode("ascii", "replace")
    return str(BytesHeaderParser().parsebytes(head).get("Message-ID", "")).strip()
