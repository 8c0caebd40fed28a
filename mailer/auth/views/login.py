"""Log in, log out."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth import limits, services, session
from mailer.auth.destinations import home_path
from mailer.auth.forms import LoginForm
from mailer.auth.refusals import TooManyTries, Unconfirmed
from mailer.auth.views.blueprint import bp, signed_in
from mailer.errors import Refusal
from mailer.web import own_path


@bp.route("/login", methods=["GET", "POST"])
@limits.log_in
def login() -> ResponseReturnValue:
    """The log-in page."""
    next_path = own_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(next_path or home_path())
    form = LoginForm()
    if not form.validate_on_submit():
        return _page(form, next_path, 422 if form.errors else 200)
    try:
        user = services.authenticate(form.email.data, form.password.data)
    except TooManyTries as refusal:
        form.form_errors.append(str(refusal))
        return *_page(form, next_path, 429), {"Retry-After": str(refusal.seconds)}
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _page(form, next_path, 422, is_unconfirmed=isinstance(refusal, Unconfirmed))
    session.begin(user, remember=form.remember.data)
    return redirect(next_path or home_path(), 303)


@bp.post("/logout")
@signed_in
def logout() -> ResponseReturnValue:
    """End this session in the database, so that no copy of its cookie lives on; other devices stay signed in."""
    session.end()
    flash(_("You are logged out."), "success")
    return redirect("/", 303)


def _page(form: LoginForm, next_path: str | None, status: int, is_unconfirmed: bool = False) -> tuple[str, int]:
    return (
        render_template("auth/login.html", form=form, next_path=next_path, is_unconfirmed=is_unconfirmed),
        status,
    )
