"""The hash that ties an entry to the one before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64


def link(previous: str, entry: dict[str, Any]) -> str:
    """SHA-256 over the previous hash and everything the entry says, in one unambiguous form."""
    at: datetime = entry["at"]
    words = [
        previous, at.astimezone(UTC).isoformat(timespec="microseconds"), entry["actor_id"], str(entry["action"]),
        entry["subject"], entry["ip"], entry["request_id"], entry["details"],
    ]  # fmt: skip
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
