"""Passwords: Argon2id hashes, and what is too weak to be one."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailer.errors import Busy

# 19 MiB, two passes, one lane: the OWASP minimum for Argon2id, about 25 ms of one core.
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# A flood of log-ins must not take every core and hundreds of megabytes from the other pages.
CONCURRENT_COUNT = 2
MAX_WAIT_SECONDS = 5.0
_places = threading.BoundedSemaphore(CONCURRENT_COUNT)


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; raises 503 when too many people wait for theirs."""
    with _place():
        return hasher.hash(_normal(password))


def verify(password_hash: str, password: str) -> bool:
    """Whether `password` is the one behind `password_hash`; raises 503 when too many people wait."""
    with _place():
        try:
            return hasher.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def verify_nobody(password: str) -> bool:
    """Take as long as `verify` and answer no: time must not tell which addresses have an account."""
    verify(_nobodys_hash(), password)
    return False


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return hasher.hash("the password of nobody")


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=MAX_WAIT_SECONDS):
        raise Busy
    try:
        yield
    finally:
        _places.release()


def _normal(password: str) -> str:
    """One form for what different keyboards send as different code points (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
