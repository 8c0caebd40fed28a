"""How often an article is read, counted in Redis and written to the database now and then.

One reader counts once a day per article. A reader is remembered as a hash with the secret of this installation, for two
days; no address is kept.
"""

from __future__ import annotations

import hashlib

import structlog
from flask import current_app
from redis import Redis, RedisError

from mailer.clock import utcnow
from mailer.queue import connection

log = structlog.get_logger()

VIEWS = "blog:views"  # a hash: article id -> views not written yet
TAKEN = "blog:views:taken"
SEEN_SECONDS = 2 * 24 * 3600


def note(post_id: int, reader: str) -> None:
    """Count a view of `reader` (any text that tells readers apart). With Redis away nothing is counted."""
    today = utcnow().date().isoformat()
    secret = current_app.config["SECRET_KEY"]
    mark = hashlib.sha256(f"{secret}|{today}|{reader}".encode()).hexdigest()[:16]
    seen = f"blog:seen:{today}:{post_id}"
    try:
        redis = connection()
        pipe = redis.pipeline()
        pipe.sadd(seen, mark)
        pipe.expire(seen, SEEN_SECONDS)
        if pipe.execute()[0]:
            redis.hincrby(VIEWS, str(post_id), 1)
    except (RedisError, OSError) as error:
        log.warning("view not counted", post_id=post_id, error=str(error))


def take(redis: Redis) -> dict[int, int]:
    """Views to write, by article; they stay put aside until `forget`, also when the writer dies in between."""
    if not redis.exists(TAKEN) and redis.exists(VIEWS):
        redis.renamenx(VIEWS, TAKEN)
    return {int(post_id): int(views) for post_id, views in redis.hgetall(TAKEN).items()}


def forget(redis: Redis) -> None:
    """The views taken are written."""
    redis.delete(TAKEN)
