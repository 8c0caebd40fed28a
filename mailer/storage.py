"""Whether what is written can be kept: the disk of the state folder, and the queue's."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flask import current_app
from redis import Redis, RedisError

OK, AWAY, REFUSES, LOW, FULL, READ_ONLY = "ok", "away", "refuses", "low", "full", "read_only"
LOW_BYTES, FULL_BYTES = 512 * 2**20, 16 * 2**20


def disk_state() -> tuple[str, int]:
    """The disk of VAR_DIR, as `ok`, `low`, `full` or `read_only`, and its free bytes."""
    folder = Path(current_app.config["VAR_DIR"])
    folder = next(place for place in (folder, *folder.parents) if place.exists())
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if found.f_flag & os.ST_RDONLY:
        return READ_ONLY, free
    return (FULL if free < FULL_BYTES else LOW if free < LOW_BYTES else OK), free


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
