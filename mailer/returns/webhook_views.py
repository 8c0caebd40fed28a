"""Where mail providers bring what comes back. Programs call here: no session, no form token, no page."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from mailer.bounces.providers.call import Provider
from mailer.extensions import csrf
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
    """Take a call."""
    answer = webhooks.take_call(_provider(provider), request.get_data(), dict(request.headers))
    return "", answer.value, {"Retry-After": str(AGAIN_SECONDS)} if answer is webhooks.Answer.AWAY else {}


def _provider(name: str) -> Provider:
    """The one of this name, if it is set up; else 404."""
    return webhooks.configured().get(name) or abort(404)
