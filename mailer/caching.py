"""Remembering what is dear to compute, and letting browsers keep public pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog
from cachelib.serializers import JSONSerializer
from flask import Response, make_response, request, session
from flask_caching.backends.rediscache import RedisCache
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from redis import RedisError

from mailer.extensions import cache

T = TypeVar("T")
log = structlog.get_logger()


class _Json(JSONSerializer):
    def loads(self, bvalue: str | bytes | bytearray | None, *args: Any, **kwargs: Any) -> Any:
        return None if bvalue is None else super().loads(bvalue, *args, **kwargs)


class JsonRedisCache(RedisCache):
    """Flask-Caching on Redis without pickle: who can write to Redis must not thereby run code here."""

    serializer = _Json()  # type: ignore[assignment]


def remembered(key: str, seconds: int, compute: Callable[[], T]) -> T:
    """What `compute` returned at most `seconds` ago; it must be JSON. With Redis away it is computed each time."""
    try:
        found = cache.get(key)
    except (RedisError, OSError) as error:
        log.warning("cache away", key=key, error=str(error))
        return compute()
    if found is not None:
        return found
    value = compute()
    try:
        cache.set(key, value, timeout=seconds)
    except (RedisError, OSError) as error:
        log.warning("cache away", key=key, error=str(error))
    return value


def kept_by_browsers(page: str, changed_at: datetime | None = None) -> Response:
    """A public page that a visitor's browser may keep for a minute and then ask about: 304 when nothing changed.

    It is `private` since it holds the visitor's own form token: a proxy that gave it to others would give them
    that too.
    For people signed in nothing is stored.
    """
    response = make_response(page)
    if current_user.is_authenticated or "_flashes" in session:
        return response
    token = generate_csrf()  # signed anew for each request; what it proves lies in the session
    response.set_etag(_digest(page.replace(token, session["csrf_token"])), weak=True)
    response.last_modified = changed_at
    response.headers["Cache-Control"] = "private, max-age=60"
    response.vary.add("Cookie")
    response.make_conditional(request)
    return response


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
