"""Whether what is written can be kept: the disk of the state folder, and the queue's."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from flask import current_app
from redis import Redis, RedisError

OK, AWAY, REFUSES, LOW, FULL, READ_ONLY, STALLED = "ok", "away", "refuses", "low", "full", "read_only", "stalled"
LOW_BYTES, FULL_BYTES = 512 * 2**20, 16 * 2**20
TAKES_NOTHING = {FULL, READ_ONLY, STALLED}
KEPT_SECONDS = 2.0  # what was found is told for so long
A_LOOK = 1.0  # seconds: a page waits no longer for an answer
STALLED_SECONDS = 5.0  # a disk that has been silent for so long
DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
NOT_OURS_TO_WRITE = {errno.EACCES, errno.EPERM, errno.EIO}


class Watch:
    """Asks something in a thread of its own: who asks a disk that does not answer cannot even be ended.

    `look` tells a state and a number of bytes; an OSError means READ_ONLY.
    """

    def __init__(self, look: Callable[[], tuple[str, int]]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._found = OK, 0
        self._found_at = float("-inf")
        self._asked_at: float | None = None
        self._answered = threading.Event()

    def state(self, patience: float) -> tuple[str, int]:
        """What was found last; a new answer is waited for, but no longer than `patience` seconds after the question."""
        with self._lock:
            now = time.monotonic()
            if self._asked_at is None:
                if now - self._found_at < KEPT_SECONDS:
                    return self._found
                self._asked_at = now
                self._answered.clear()
                threading.Thread(target=self._ask, name="watch", daemon=True).start()
            until = self._asked_at + patience
        self._answered.wait(max(0.0, until - now))
        with self._lock:
            is_silent = self._asked_at is not None and time.monotonic() - self._asked_at >= STALLED_SECONDS
            return (STALLED, self._found[1]) if is_silent else self._found

    def _ask(self) -> None:
        try:
            found = self._look()
        except OSError:
            found = READ_ONLY, 0
        with self._lock:
            self._found, self._found_at, self._asked_at = found, time.monotonic(), None
            self._answered.set()


def _look(folder: Path) -> tuple[str, int]:
    folder = next(place for place in (folder, *folder.parents) if place.exists())
    figures = os.statvfs(folder)
    free = figures.f_bavail * figures.f_frsize
    try:  # a file system that an error has made read-only need not say so, and a folder may not be ours
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(b"1")
    except OSError as error:
        return (FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else READ_ONLY), free
    return (FULL if free < FULL_BYTES else LOW if free < LOW_BYTES else OK), free


_watches: dict[tuple[int, str], Watch] = {}  # of each process: a thread does not outlive a fork


def disk_state(patience: float = A_LOOK) -> tuple[str, int]:
    """The disk of VAR_DIR, as `ok`, `low`, `full`, `read_only` (or otherwise not to be written) or `stalled` (it has
    not answered for `STALLED_SECONDS`), and its free bytes. Never takes longer than `patience`, in seconds.
    """
    folder = str(current_app.config["VAR_DIR"])
    return _watches.setdefault((os.getpid(), folder), Watch(partial(_look, Path(folder)))).state(patience)


def takes_files() -> bool:
    """Whether a file may be written without waiting for a disk that does not answer."""
    return disk_state(STALLED_SECONDS + 0.1)[0] != STALLED


def is_about_room(error: OSError) -> bool:
    """Whether it is the state folder that takes nothing, and no fault of ours."""
    if error.errno in DISK_IS_FULL:
        return True
    place = str(error.filename or "")
    return error.errno in NOT_OURS_TO_WRITE and place.startswith(str(current_app.config["VAR_DIR"]))


def queue_state(redis: Redis) -> str:
    """Redis, as `ok`, `refuses` (it answers, but takes nothing: its disk or memory is full) or `away`."""
    try:
        redis.ping()
    except (RedisError, OSError):
        return AWAY
    with suppress(RedisError, OSError):
        redis.set("written", "1", ex=60)
        return OK
    return REFUSES
