"""How often one person may ask for long work; beyond that a page with status 429 says when to try again."""

from __future__ import annotations

import time

from flask import Response, current_app, request
from flask_limiter import RequestLimit
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests

from mailer.extensions import limiter


def say_when(limit: RequestLimit) -> Response:
    """The page for who asked too often, with `Retry-After`."""
    seconds = max(1, int(limit.reset_at - time.time()) + 1)
    answer = current_app.handle_user_exception(TooManyRequests(retry_after=seconds))
    return current_app.make_response(answer)


def per_user() -> str:
    """Whom a limit counts."""
    return f"user-{current_user.get_id()}"


def _brings_no_file() -> bool:
    return not any(file.filename for file in request.files.values())


pictures = limiter.shared_limit(
    "60 per hour", scope="pictures", methods=["POST"], key_func=per_user, on_breach=say_when,
    exempt_when=_brings_no_file,
)  # fmt: skip
previews = limiter.shared_limit("240 per minute", scope="previews", key_func=per_user, on_breach=say_when)
