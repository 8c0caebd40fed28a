"""Looking at an address that only takes a form leads to the page that the form stands on.

That is what the browser asks for when somebody presses Enter in its address bar, opens a bookmark, or comes back from
the log-in, after a form was shown again with its errors.
"""

from __future__ import annotations

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from mailer.errors import http_error

ELSEWHERE = {"auth.erase_account": "auth.own_data"}  # the others lie below their page


def init_app(app: Flask) -> None:
    """Answer what would be 405 by the way to that page."""
    app.register_error_handler(MethodNotAllowed, _lead_on)


def page_above(path: str) -> str | None:
    """The address of the nearest page at or above `path` that can be looked at; None when there is none."""
    routes = current_app.url_map.bind("")
    while path not in ("", "/"):
        path = path.rstrip("/").rpartition("/")[0]
        for candidate in (path, f"{path}/"):
            try:
                routes.match(candidate, "GET")
            except RequestRedirect:
                continue
            except HTTPException:
                continue
            return candidate
    return None


def _lead_on(error: MethodNotAllowed) -> ResponseReturnValue:
    wants_a_page = request.accept_mimetypes.accept_html and "HX-Request" not in request.headers
    if request.method not in {"GET", "HEAD"} or not wants_a_page:
        return http_error(error)
    endpoint = _posted_endpoint()
    target = url_for(ELSEWHERE[endpoint]) if endpoint in ELSEWHERE else page_above(request.path)
    return redirect(target) if target else http_error(error)


def _posted_endpoint() -> str:
    try:
        return str(current_app.url_map.bind("").match(request.path, "POST")[0])
    except HTTPException:
        return ""
