"""Secrets of one state folder: made once, kept in `secrets.json` (0600)."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

NAMES = ("database", "application", "queue", "secret_key")


def load_credentials(state_dir: Path) -> dict[str, str]:
    """The folder's secrets under `NAMES`, 48 hexadecimal digits each; those missing are made now."""
    path = state_dir / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in NAMES if name not in known]
    if missing:
        known |= {name: secrets.token_hex(24) for name in missing}
        write_private(path, json.dumps(known))
    return known


def write_private(path: Path, text: str) -> None:
    """Write the whole file or nothing, readable by its owner alone from its first moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name with nothing in it
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def write_when_changed(path: Path, text: str) -> None:
    """The same, leaving a file alone that says so already: a start on a full disk needs no room for it."""
    with suppress(FileNotFoundError):
        if path.read_text() == text:
            return
    write_private(path, text)
