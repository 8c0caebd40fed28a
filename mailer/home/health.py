"""Whether the parts that the service stands on answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import current_app
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from mailer import queue, storage, zone_data
from mailer.extensions import db
from mailer.picture_store import media_store
from mailer.sending import instance_guard

TIMEOUT_SECONDS = 1


def check() -> dict[str, Any]:
    """`database`: "ok" or "away"; `redis`: "ok", "away", or "refuses" (it takes nothing: disk or memory full);
    `disk` (of the state folder): "ok", "low", "full", "read_only" or "stalled"; `pictures` (their storage): "ok",
    "away", "refuses" or "stalled"; `tick_age_seconds` and
    `scheduler_age_seconds`: since their last word, null when none is known; `workers`: how many live for each queue;
    `is_held`: whether a copy awaits confirmation; `time_zones`: the release of their rules, such as `2026f`.
    """
    database_answers, is_held = _ask_database()
    return {
        "database": "ok" if database_answers else "away",
        "redis": storage.AWAY,
        "disk": storage.disk_state()[0],
        "pictures": media_store().state(),
        "tick_age_seconds": None,
        "scheduler_age_seconds": None,
        "workers": {},
        "is_held": is_held,
        "time_zones": zone_data.version(),
    } | _ask_redis()


def _ask_database() -> tuple[bool, bool | None]:
    try:
        db.session.execute(text(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'"))
        return True, instance_guard.why_held() is not None
    except SQLAlchemyError:
        return False, None
    finally:
        db.session.rollback()


def _ask_redis() -> dict[str, Any]:
    redis = Redis.from_url(
        current_app.config["REDIS_URL"], socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS
    )
    try:
        counts = Counter(name for worker in queue.workers(redis) if worker.is_living for name in worker.queues)
        return {
            "redis": storage.queue_state(redis),
            "tick_age_seconds": queue.beat_age(redis, "tick"),
            "scheduler_age_seconds": queue.beat_age(redis, "scheduler"),
            "workers": dict(counts),
        }
    except (RedisError, OSError):
        return {}
    finally:
        redis.close()
