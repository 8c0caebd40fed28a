"""Whether the parts that the service stands on answer."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from mailer.extensions import db

TIMEOUT_SECONDS = 1
HEARTBEAT = "heartbeat:tick"  # seconds since 1970, written by each tick


def check() -> dict[str, Any]:
    """`database` and `redis`: "ok" or "away"; `tick_age_seconds`: since the last tick, null when none is known."""
    redis_answers, tick_age = _ask_redis()
    return {
        "database": "ok" if _database_answers() else "away",
        "redis": "ok" if redis_answers else "away",
        "tick_age_seconds": tick_age,
    }


def _database_answers() -> bool:
    try:
        db.session.execute(text(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'"))
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    finally:
        db.session.rollback()
    return True


def _ask_redis() -> tuple[bool, float | None]:
    redis = Redis.from_url(
        current_app.config["REDIS_URL"], socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS
    )
    try:
        beat = redis.get(HEARTBEAT)
    except (RedisError, OSError):
        return False, None
    finally:
        redis.close()
    try:
        return True, max(0.0, round(time.time() - float(beat), 1)) if beat else None
    except ValueError:
        return True, None
