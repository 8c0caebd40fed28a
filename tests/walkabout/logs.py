"""What the logs of the running service say against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TRACEBACK = "Traceback (most recent call last)"
KEPT = 2000  # characters of one traceback
# What PostgreSQL complains of when all is well: each with its reason.
EXPECTED = re.compile(
    "duplicate key value violates unique constraint"  # two at once want the same; the later one is told so
)


def complaints(logs: Path) -> Iterator[str]:
    """Tracebacks in any log, and statements that the database refused."""
    for log in sorted(logs.glob("*.log")):
        text = log.read_text("utf-8", "replace")
        for part in text.split(TRACEBACK)[1:]:
            yield f"{log.name}: {TRACEBACK}{part[:KEPT]}"
        if log.name.startswith("postgres"):
            lines = (line for line in text.splitlines() if re.search(r"\b(ERROR|PANIC): ", line))
            yield from (f"{log.name}: {line}" for line in lines if not EXPECTED.search(line))
