"""Remembering what is dear to compute, for all web processes at once.

Values lie in Valkey for longer than they are fresh. When one has aged, a single process computes it anew and the others
go on with the aged one; when something it hangs on has `changed`, nobody is given it any more. With Valkey away each
process remembers for itself, as briefly, and asks Valkey again only after a pause, so that pages stay fast.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from cachelib.serializers import JSONSerializer
from flask_caching.backends.rediscache import RedisCache
from redis import RedisError

from mailer.extensions import cache

T = TypeVar("T")
log = structlog.get_logger()

AGED_SECONDS = 600  # how long an aged value may still be given out while somebody computes
COMPUTING_SECONDS = 20  # after which a process that computes is given up
WAIT_SECONDS, WAIT_STEP = 2.0, 0.02  # for somebody else's first value
PAUSE_SECONDS = 3.0  # before a Valkey that was away is asked again
MOST_OWN_ENTRIES = 200


class _Json(JSONSerializer):
    def loads(self, bvalue: str | bytes | bytearray | None, *args: Any, **kwargs: Any) -> Any:
        return None if bvalue is None else super().loads(bvalue, *args, **kwargs)


class JsonRedisCache(RedisCache):
    """Flask-Caching on Redis without pickle: who can write to Redis must not thereby run code here."""

    serializer = _Json()  # type: ignore[assignment]

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Set unless it is there, with its end in the same step: a process that dies in between leaves no lock."""
        name, dump = f"{self._get_prefix()}{key}", self.serializer.dumps(value)
        return bool(self._write_client.set(name, dump, nx=True, ex=self._normalize_timeout(timeout)))


class _OwnMemory:
    """What this process remembers while Valkey is away; bounded."""

    def __init__(self) -> None:
        self.away_until = 0.0
        self._entries: dict[str, tuple[float, Any]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def is_needed(self) -> bool:
        return time.monotonic() < self.away_until

    def start(self, key: str, error: Exception) -> None:
        log.warning("cache away", key=key, error=str(error))
        self.away_until = time.monotonic() + PAUSE_SECONDS

    def remembered(self, key: str, seconds: float, compute: Callable[[], Any]) -> Any:
        with self._locks[key]:  # one thread computes; the process's others wait for it
            until, value = self._entries.get(key, (0.0, None))
            if time.monotonic() < until:
                return value
            value = compute()
            if len(self._entries) > MOST_OWN_ENTRIES:
                self.forget()
            self._entries[key] = (time.monotonic() + min(seconds, PAUSE_SECONDS), value)
            return value

    def forget(self) -> None:
        self._entries.clear()


_own = _OwnMemory()


def remembered(key: str, seconds: float, compute: Callable[[], T], topics: tuple[str, ...] = ()) -> T:
    """What `compute` returned (JSON, never None) at most `seconds` ago and since `topics` last changed.

    While one process computes, the others get the aged value, or, if there is none they may have, wait for the new one.
    """
    if _own.is_needed():
        return _own.remembered(key, seconds, compute)
    try:
        return _shared(key, seconds, compute, topics)
    except (RedisError, OSError) as error:
        _own.start(key, error)
        return _own.remembered(key, seconds, compute)


def changed(*topics: str) -> None:
    """After the commit: whatever hangs on one of `topics` is not given out any more, by any process.

    With Valkey away what it holds may be given out again after its return, until it has aged.
    """
    _own.forget()
    try:
        for topic in topics:
            cache.set(_topic_key(topic), uuid.uuid4().hex, timeout=0)
    except (RedisError, OSError) as error:
        _own.start(",".join(topics), error)


def _shared(key: str, seconds: float, compute: Callable[[], T], topics: tuple[str, ...]) -> T:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        entry, *states = cache.get_many(key, *map(_topic_key, topics))
        may_be_given = entry is not None and entry["states"] == states
        if may_be_given and time.time() < entry["fresh_until"]:
            return entry["value"]
        if cache.add(f"computing:{key}", 1, timeout=COMPUTING_SECONDS):
            return _compute(key, seconds, compute, states)
        if may_be_given:
            return entry["value"]
        if time.monotonic() > deadline:
            return compute()
        time.sleep(WAIT_STEP)


def _compute(key: str, seconds: float, compute: Callable[[], T], states: list[str | None]) -> T:
    """`states` are from before the computing began: a change meanwhile makes the value worthless at once."""
    try:
        value = compute()
        entry = {"value": value, "fresh_until": time.time() + seconds, "states": states}
        cache.set(key, entry, timeout=int(seconds + AGED_SECONDS))
        return value
    finally:
        cache.delete(f"computing:{key}")


def _topic_key(topic: str) -> str:
    return f"changed:{topic}"
