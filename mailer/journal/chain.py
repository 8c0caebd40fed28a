"""The hash that ties an entry to the one before it, keyed: who can write to the database cannot make one."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64


def link(previous: str, entry: dict[str, Any], key: str | None) -> str:
    """HMAC-SHA-256 over the previous hash and everything the entry says, in one unambiguous form.

    Without a key the bare SHA-256 that entries carried before there was one.
    """
    at: datetime = entry["at"]
    words = [
        previous, at.astimezone(UTC).isoformat(timespec="microseconds"), entry["actor_id"], str(entry["action"]),
        entry["subject"], entry["ip"], entry["request_id"], entry["details"],
    ]  # fmt: skip
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if key is None:
        return hashlib.sha256(text.encode()).hexdigest()
    return hmac.new(f"journal:{key}".encode(), text.encode(), hashlib.sha256).hexdigest()
