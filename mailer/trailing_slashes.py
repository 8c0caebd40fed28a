"""A page that was asked for with a slash too many is found all the same: `/mailings/` leads to `/mailings`.

Werkzeug leads from `/clients` to `/clients/` by itself, and never the other way.
"""

from __future__ import annotations

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import RequestRedirect

from mailer.errors import http_error
from mailer.http import own_path


def init_app(app: Flask) -> None:
    """Answer what would be 404 by the way to the page without the slash, where there is one."""
    app.register_error_handler(NotFound, _lead_on)


def _lead_on(error: NotFound) -> ResponseReturnValue:
    # A route that is there and says 404 itself (a client of somebody else) has said all there is.
    is_unknown = isinstance(request.routing_exception, NotFound) and request.method in {"GET", "HEAD"}
    path = request.path.rstrip("/")
    if not is_unknown or path == request.path or not _is_page(path):
        return http_error(error)
    page, query = f"{request.root_path}{path}", request.query_string.decode("ascii", "replace")
    target = own_path(f"{page}?{query}" if query else page) or own_path(page)
    return redirect(target, 308) if target else http_error(error)


def _is_page(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, "GET")
    except (RequestRedirect, HTTPException):
        return False
    return True
