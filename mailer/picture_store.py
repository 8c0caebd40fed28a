"""Where the files of pictures lie: written once, never changed; in a folder, or in a bucket of S3 storage."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flask import current_app

from mailer import storage
from mailer.picture_names import PictureFile


class MediaStore(Protocol):
    """Files of pictures. Errors: OSError, of which StoreAway says that a storage elsewhere does not answer."""

    place: str  # what operators are told

    def name_of(self, file: PictureFile) -> str:
        """What the file is called here."""

    def put(self, file: PictureFile, content: bytes) -> None:
        """Keep a file; keeping it again makes it young again."""

    def read(self, file: PictureFile) -> bytes | None:
        """The file, or None."""

    def read_all(self, files: Iterable[PictureFile]) -> list[bytes | None]:
        """The files, in that order."""

    def size_of(self, file: PictureFile) -> int | None:
        """How many bytes are kept of it, None where it is not there."""

    def remove(self, name: str) -> None:
        """Forget the file of that name, if it is there."""

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """The names of files that were kept before `moment` (aware)."""

    def state(self) -> str:
        """As `storage` calls it."""


class FolderStore:
    """A folder, by the hash of the content: `ab/abcd….jpg`, once for all who have the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = str(folder)

    def name_of(self, file: PictureFile) -> str:
        """By its content."""
        return file.content_name

    def put(self, file: PictureFile, content: bytes) -> None:
        """Never half written: another process may be serving it."""
        path = self._path(file.content_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{uuid.uuid4().hex}")
        try:
            fresh.write_bytes(content)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise

    def read(self, file: PictureFile) -> bytes | None:
        """The file, or None."""
        try:
            return self._path(file.content_name).read_bytes()
        except FileNotFoundError:
            return None

    def read_all(self, files: Iterable[PictureFile]) -> list[bytes | None]:
        """The files, in that order."""
        return [self.read(file) for file in files]

    def size_of(self, file: PictureFile) -> int | None:
        """How many bytes are kept of it, None where it is not there."""
        try:
            return self._path(file.content_name).stat().st_size
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Forget the file of that name, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """The names of files that were kept before `moment` (aware)."""
        for folder in os.scandir(self._folder) if self._folder.is_dir() else ():
            for file in os.scandir(folder.path) if folder.is_dir() else ():
                kept_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                if kept_at < moment and not file.name.startswith("."):
                    yield file.name

    def state(self) -> str:
        """It stands and falls with the disk of the state folder, which is told apart."""
        return storage.OK

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


class MovingStore:
    """A bucket, and behind it the folder in which those pictures lie that were not copied yet."""

    def __init__(self, bucket: MediaStore, folder: FolderStore) -> None:
        self.place = bucket.place
        self._folder = folder
        self.name_of, self.put, self.size_of, self.remove = bucket.name_of, bucket.put, bucket.size_of, bucket.remove
        self.names_older_than, self.state = bucket.names_older_than, bucket.state
        self._bucket = bucket

    def read(self, file: PictureFile) -> bytes | None:
        """The file, or None."""
        content = self._bucket.read(file)
        return content if content is not None else self._folder.read(file)

    def read_all(self, files: Iterable[PictureFile]) -> list[bytes | None]:
        """The files, in that order."""
        files = list(files)
        found = zip(files, self._bucket.read_all(files), strict=True)
        return [content if content is not None else self._folder.read(file) for file, content in found]


def folder_store() -> FolderStore:
    """The folder, whether pictures lie there or not."""
    return FolderStore(Path(current_app.config["MEDIA_DIR"]) / "letters")


def media_store() -> MediaStore:
    """The store of this installation."""
    bucket = current_app.config["BUCKET"]
    if bucket is None:
        return folder_store()
    from mailer.picture_bucket import bucket_store

    return MovingStore(bucket_store(bucket), folder_store())
