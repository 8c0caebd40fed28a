"""Growing pauses for an address whose password is being guessed; nobody is locked out for good.

Counted in Redis by address, known or not, so that a pause tells nothing. With Redis away there are no pauses.
"""

from __future__ import annotations

import hashlib

import structlog
from redis import RedisError

from mailer.queue import connection

log = structlog.get_logger()

FREE_TRIES = 10
LONGEST_SECONDS = 15 * 60
REMEMBERED_SECONDS = 24 * 3600


def seconds_to_wait(email: str) -> int:
    """How long this address must wait until the next try; 0 when it need not."""
    try:
        return max(0, int(connection().ttl(_pause(email))))
    except RedisError as error:
        log.warning("no log-in back-off", error=str(error))
        return 0


def note_failure(email: str) -> None:
    """Count a wrong password; from the tenth on each doubles the pause, up to a quarter of an hour."""
    try:
        redis = connection()
        count = int(redis.incr(_failures(email)))
        redis.expire(_failures(email), REMEMBERED_SECONDS)
        if count >= FREE_TRIES:
            redis.set(_pause(email), count, ex=min(2 ** min(count - FREE_TRIES + 1, 10), LONGEST_SECONDS))
    except RedisError as error:
        log.warning("log-in failure not counted", error=str(error))


def reset_failures(email: str) -> None:
    """Forget the failures: the person has proved who they are."""
    try:
        connection().delete(_failures(email), _pause(email))
    except RedisError as error:
        log.warning("log-in failures not forgotten", error=str(error))


def _failures(email: str) -> str:
    return f"login-failures:{_digest(email)}"


def _pause(email: str) -> str:
    return f"login-pause:{_digest(email)}"


def _digest(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()
