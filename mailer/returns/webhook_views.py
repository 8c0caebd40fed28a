"""Where mail providers bring what comes back. Programs call here: no session, no form token, no page."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from redis import RedisError
from sqlalchemy.exc import DBAPIError

from mailer.bounces.providers.call import Provider
from mailer.extensions import csrf, db
from mailer.returns import webhooks

bp = Blueprint("webhooks", __name__, url_prefix="/hooks")
AGAIN_SECONDS = 60


@bp.get("/<provider>")
def probe(provider: str) -> ResponseReturnValue:
    """Some providers look whether anybody is there before they keep an address."""
    _provider(provider)
    return "", 200


@bp.post("/<provider>")
@csrf.exempt
def take(provider: str) -> ResponseReturnValue:
    """Take a call. While the database is away the answer is 429, which every provider repeats: a 5yz some do not."""
    found = _provider(provider)
    try:
        return "", webhooks.take_call(found, request.get_data(), dict(request.headers)).value
    except (DBAPIError, RedisError):
        db.session.rollback()
        return "", 429, {"Retry-After": str(AGAIN_SECONDS)}


def _provider(name: str) -> Provider:
    """The one of this name, if it is set up; else 404."""
    return webhooks.configured().get(name) or abort(404)
