"""The blueprint that the pages of accounts hang on."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from mailer.auth.session import load_early
from mailer.auth.staff import ask_staff_for_second_factor

bp = Blueprint("auth", __name__)
bp.before_app_request(load_early)
bp.before_app_request(ask_staff_for_second_factor)

DEVICE_MARK_KEPT_FOR = timedelta(days=400)  # the longest that browsers keep a cookie (RFC 6265bis, 5.5)
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def signed_in(view: View) -> View:
    """Guard a view: for everybody signed in, whatever the role; others go to the log-in page or get 401."""
    return login_required(view)


def device_mark() -> str | None:
    """What this browser can be known again by."""
    return request.cookies.get(current_app.config["DEVICE_COOKIE_NAME"])


def mark_device(response: Response, mark: str) -> None:
    """Let this browser keep its mark."""
    response.set_cookie(
        current_app.config["DEVICE_COOKIE_NAME"],
        mark,
        max_age=int(DEVICE_MARK_KEPT_FOR.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
