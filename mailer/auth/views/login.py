"""Log in, log out."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth import limits, pending, services, session
from mailer.auth.destinations import home_path
from mailer.auth.forms import CodeForm, LoginForm
from mailer.auth.refusals import TooManyTries, Unconfirmed
from mailer.auth.views.blueprint import bp, device_mark, mark_device, signed_in
from mailer.errors import Refusal
from mailer.http import own_path
from mailer.models.user import User


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
        user = services.authenticate(form.email.data, form.password.data, device_mark())
    except TooManyTries as refusal:
        form.form_errors.append(str(refusal))
        return *_page(form, next_path, 429), {"Retry-After": str(refusal.seconds)}
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _page(form, next_path, 422, is_unconfirmed=isinstance(refusal, Unconfirmed))
    if services.has_second_factor(user):
        pending.keep(user, form.remember.data)
        return redirect(url_for("auth.code", next=next_path), 303)
    return _enter(user, form.remember.data, next_path)


@bp.route("/login/code", methods=["GET", "POST"])
@limits.log_in
def code() -> ResponseReturnValue:
    """The second factor, for somebody whose password was right a moment ago."""
    next_path = own_path(request.args.get("next"))
    waiting = pending.waiting()
    if waiting is None:
        return redirect(url_for("auth.login", next=next_path))
    form = CodeForm()
    if not form.validate_on_submit():
        return render_template("auth/code.html", form=form, next_path=next_path), 422 if form.errors else 200
    try:
        services.verify_code(waiting[0], form.code.data or "", device_mark())
    except TooManyTries as refusal:
        form.code.errors = [str(refusal)]
        page = render_template("auth/code.html", form=form, next_path=next_path)
        return page, 429, {"Retry-After": str(refusal.seconds)}
    except Refusal as refusal:
        form.code.errors = [str(refusal)]
        return render_template("auth/code.html", form=form, next_path=next_path), 422
    return _enter(waiting[0], waiting[1], next_path)


def _enter(user: User, remember: bool, next_path: str | None) -> ResponseReturnValue:
    services.record_sign_in(user)
    session.begin(user, remember=remember)
    mark = services.note_device(user, device_mark(), request.remote_addr or "", request.headers.get("User-Agent", ""))
    response = current_app.make_response(redirect(next_path or home_path(), 303))
    mark_device(response, mark)
    return response


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
