"""Hits answered before Flask begins: its session, account, form and language are nothing to a reader's click.

What the page of `mailer.tracking.views` would answer otherwise (an unknown link, another host, no database) is left to
it; the answers are the same, a test holds them to each other.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.sansio.utils import host_is_trusted

from mailer.http import headers_of_every_page
from mailer.tracking.answers import HitAnswer, answer

PATH = re.compile(r"/l/([A-Za-z0-9_-]{20})/([0-9]{1,3})", re.ASCII)
HOSTS_KNOWN = 50


class Shortcut:
    """A WSGI application around that of Flask."""

    def __init__(self, app: Flask) -> None:
        self._app, self._further = app, app.wsgi_app
        self._is_trusted = lru_cache(maxsize=HOSTS_KNOWN)(self._ask_whether_trusted)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a hit; pass on everything else."""
        found = self._found(environ)
        if found is None:
            return self._further(environ, start_response)
        size = ("Content-Length", str(len(found.body)))
        common = headers_of_every_page(self._app) | {"X-Request-Id": uuid.uuid4().hex[:12]}
        own = dict(found.headers)
        start_response(found.status, [*found.headers, size, *((n, v) for n, v in common.items() if n not in own)])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else found.body]

    def _found(self, environ: dict[str, Any]) -> HitAnswer | None:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or not environ.get("PATH_INFO", "").startswith("/l/"):
            return None
        named = PATH.fullmatch(environ["PATH_INFO"])
        # A page number beyond all pages is refused everywhere, and so is a host that is not ours.
        if named is None or "page" in environ.get("QUERY_STRING", "") or not self._is_trusted(environ.get("HTTP_HOST")):
            return None
        try:
            return answer(self._app, named[1], int(named[2]), environ)
        except SQLAlchemyError:
            return None  # the page says so, and logs it

    def _ask_whether_trusted(self, host: str | None) -> bool:
        hosts = self._app.config["TRUSTED_HOSTS"]
        return not hosts or host_is_trusted(host, hosts)


def init_app(app: Flask) -> None:
    """Stand before the pages, behind what believes proxies."""
    app.wsgi_app = Shortcut(app)  # type: ignore[method-assign]
