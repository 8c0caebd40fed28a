"""How often the forms of accounts may be posted; beyond that a page with status 429 says when to try again."""

from __future__ import annotations

import time

from flask import Response, current_app
from flask_limiter import RequestLimit
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests

from mailer.extensions import limiter


def _say_when(limit: RequestLimit) -> Response:
    seconds = max(1, int(limit.reset_at - time.time()) + 1)
    answer = current_app.handle_user_exception(TooManyRequests(retry_after=seconds))
    return current_app.make_response(answer)


def _account() -> str:
    return f"account:{current_user.id}"


# Per IP address. The mails that one address can be sent are counted apart (`outbox.too_many_mails_to`), and so are
# wrong passwords of one account (`backoff`): those limits hold however many IP addresses take part.
mail_causing = limiter.shared_limit(
    "20 per hour", scope="account-mails", methods=["POST"], on_breach=_say_when, error_message="account mails"
)
log_in = limiter.limit("20 per minute; 200 per hour", methods=["POST"], on_breach=_say_when)
link_following = limiter.shared_limit("60 per hour", scope="account-links", methods=["POST"], on_breach=_say_when)

# Per account: somebody at an unlocked browser must not be able to guess its password.
password_checking = limiter.shared_limit(
    "10 per hour", scope="password-checks", methods=["POST"], on_breach=_say_when, key_func=_account
)
