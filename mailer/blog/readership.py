"""How often an article is read, counted in Redis and written to the database now and then.

One reader counts once a day per article, programs do not count, and one address counts for at most `PER_ADDRESS`
readers, whatever browsers it claims to be. Readers are remembered as hashes with the secret of this
installation, for two days; no address is kept.
"""

from __future__ import annotations

import hashlib
import re

import structlog
from flask import current_app
from redis import Redis, RedisError

from mailer.clock import utcnow
from mailer.queue import connection

log = structlog.get_logger()

VIEWS = "blog:views"  # a hash: article id -> views not written yet
TAKEN = "blog:views:taken"
SEEN_SECONDS = 2 * 24 * 3600
PER_ADDRESS = 10  # an office or a family behind one address
PROGRAMS = re.compile(
    r"bot|crawl|spider|slurp|preview|fetch|monitor|curl|wget|python|java/|go-http|okhttp|httpclient|headless|lighthouse"
    r"|facebookexternalhit|whatsapp|telegram|feed|rss",
    re.IGNORECASE,
)


def is_person(agent: str, purpose: str = "") -> bool:
    """Whether a browser of that name, asking for that purpose (`Sec-Purpose`), shows the page to somebody."""
    return bool(agent) and not PROGRAMS.search(agent) and "prefetch" not in purpose


def note(post_id: int, address: str, agent: str) -> None:
    """Count a view by the browser `agent` at `address`. With Redis away nothing is counted."""
    today = utcnow().date().isoformat()
    seen = f"blog:seen:{today}:{post_id}"
    try:
        redis = connection()
        pipe = redis.pipeline()
        pipe.sadd(seen, _mark(today, address, agent))
        pipe.expire(seen, SEEN_SECONDS)
        if pipe.execute()[0] and _counts(redis, f"{seen}:from", _mark(today, address)):
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


def _counts(redis: Redis, key: str, address: str) -> bool:
    pipe = redis.pipeline()
    pipe.hincrby(key, address, 1)
    pipe.expire(key, SEEN_SECONDS)
    return int(pipe.execute()[0]) <= PER_ADDRESS


def _mark(*words: str) -> str:
    secret = current_app.config["SECRET_KEY"]
    return hashlib.sha256("|".join((secret, *words)).encode()).hexdigest()[:16]
