"""Pages that everyone may read: drawn once for all visitors, kept by their browsers.

What is kept on the server has a blank where the form token goes, so it holds nothing of the visitor it was drawn for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from flask import Response, current_app, g, make_response, request, session
from flask_babel import get_locale
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from mailer.caching import remembered

KEPT_SECONDS = 10
TOKEN = "csrf_token"  # noqa: S105 - its name in flask.g and in the session


def public_page(
    draw: Callable[[], str], *, topics: tuple[str, ...] | None = None, changed_at: datetime | None = None
) -> Response:
    """The page that `draw` returns, as a visitor's browser may keep it for a minute and then ask about: 304 when
    nothing changed.

    With `topics` the page of an address without a query is also remembered on the server, until one of them changes.
    The answer is `private` since it holds the visitor's own form token: a proxy that gave it to others would give them
    that too. For people signed in, and with news of their own on the page, nothing is stored anywhere.
    """
    if current_user.is_authenticated or "_flashes" in session:
        return make_response(draw())
    if topics is None or request.query_string:
        page = _without_token(draw)
    else:
        key = f"page:{get_locale()}:{request.path}"
        page = remembered(key, KEPT_SECONDS, lambda: _without_token(draw), topics)
    token = generate_csrf()  # signed anew for each request; what it proves lies in the session
    response = make_response(page.replace(_blank(), token))
    response.set_etag(hashlib.sha256(f"{session[TOKEN]}{page}".encode()).hexdigest()[:32], weak=True)
    response.last_modified = changed_at
    response.headers["Cache-Control"] = "private, max-age=60"
    response.vary.add("Cookie")
    response.make_conditional(request)
    return response


def public_file(content: str, mimetype: str, changed_at: datetime | None = None) -> Response:
    """A text that is the same for everyone (a feed, a map of the site): proxies may keep it for five minutes."""
    response = make_response(content)
    response.headers["Content-Type"] = f"{mimetype}; charset=utf-8"
    response.add_etag()
    response.last_modified = changed_at
    response.headers["Cache-Control"] = "public, max-age=300"
    response.make_conditional(request)
    return response


def _without_token(draw: Callable[[], str]) -> str:
    setattr(g, TOKEN, _blank())  # what csrf_token() in a template gives
    try:
        return draw()
    finally:
        delattr(g, TOKEN)


def _blank() -> str:
    """Stands where the token goes. Nobody outside can guess it, so no text can hold it."""
    secret = current_app.config["SECRET_KEY"]
    return f"blank-{hashlib.sha256(f'{secret}|form token'.encode()).hexdigest()[:32]}"
