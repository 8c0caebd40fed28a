"""The links of mails: a redirect to where the author's link leads, and a pixel. No account, no cookie, no script."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, current_app, request

from mailer.tracking.answers import answer

bp = Blueprint("tracking", __name__, url_prefix="/l")


@bp.get("/<string(length=20):token>/<int:number>")
def follow(token: str, number: int) -> Response:
    """Lead on to where link `number` of that mail leads, whoever asks; the pixel for 0; 404 for what stood in no mail.

    The shortcut answers most before they get here.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    found = answer(app, token, number, request.environ)
    if found is None:
        abort(404)
    response = Response(found.body, found.status)
    del response.headers["Content-Type"]
    response.headers.update(found.headers)
    return response
