"""The blueprint that the pages of accounts hang on."""

from collections.abc import Callable
from typing import TypeVar, cast

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from mailer.auth.session import load_early
from mailer.auth.staff import ask_staff_for_second_factor
from mailer.models.user import User

bp = Blueprint("auth", __name__)
bp.before_app_request(load_early)
bp.before_app_request(ask_staff_for_second_factor)

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def signed_in(view: View) -> View:
    """Guard a view: for everybody signed in, whatever the role; others go to the log-in page or get 401."""
    return login_required(view)


def me() -> User:
    """The person signed in: the row itself, since Flask-Login must never be given its own proxy back."""
    return cast(User, current_user._get_current_object())
