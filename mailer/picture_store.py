"""Where the files of pictures lie: by the hash of their content, written once, never changed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flask import current_app


class MediaStore(Protocol):
    """Files by key (`<sha-256>.<extension>`)."""

    def put(self, key: str, content: bytes) -> None:
        """Keep a file; keeping it again makes it young again."""

    def read(self, key: str) -> bytes | None:
        """The file, or None."""

    def remove(self, key: str) -> None:
        """Forget it, if it is there."""

    def keys_older_than(self, moment: datetime) -> Iterator[str]:
        """The files that were kept before `moment` (aware)."""


class FolderStore:
    """A folder: `ab/abcd….jpg`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes) -> None:
        """Never half written: another process may be serving it."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{uuid.uuid4().hex}")
        try:
            fresh.write_bytes(content)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise

    def read(self, key: str) -> bytes | None:
        """The file, or None."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        """Forget it, if it is there."""
        self._path(key).unlink(missing_ok=True)

    def keys_older_than(self, moment: datetime) -> Iterator[str]:
        """The files that were kept before `moment` (aware)."""
        for folder in os.scandir(self._folder) if self._folder.is_dir() else ():
            for file in os.scandir(folder.path) if folder.is_dir() else ():
                kept_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                if kept_at < moment and not file.name.startswith("."):
                    yield file.name

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key


def media_store() -> MediaStore:
    """The store of this installation."""
    return FolderStore(Path(current_app.config["MEDIA_DIR"]) / "letters")
