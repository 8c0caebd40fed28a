"""Set up, renew and switch off the second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from mailer.accounts.signed_in import me
from mailer.auth import codes, limits, services
from mailer.auth.forms import PasswordAndCodeForm
from mailer.auth.refusals import TooManyTries, WrongCode, WrongPassword
from mailer.auth.views.blueprint import bp, device_mark, signed_in
from mailer.errors import Refusal
from mailer.models.user import User

NEW_SECRET = "new_secret"  # noqa: S105 - where the sealed secret waits for its first code
Result = TypeVar("Result")


@bp.route("/profile/second-factor", methods=["GET", "POST"])
@signed_in
@limits.password_checking
def second_factor() -> ResponseReturnValue:
    """What is on, or a QR code and the proof that the app has read it."""
    if services.has_second_factor(me()):
        return _page_when_on(PasswordAndCodeForm(formdata=None))
    form = PasswordAndCodeForm()
    secret = codes.unseal(session.get(NEW_SECRET, "")) or codes.new_secret()
    if form.validate_on_submit():
        try:
            recovery = services.switch_on(me(), secret, form.code.data or "", form.password.data or "")
        except (WrongPassword, WrongCode) as refusal:
            _show(refusal, form)
        else:
            session.pop(NEW_SECRET, None)
            return render_template("auth/recovery_codes.html", recovery=recovery)
    session[NEW_SECRET] = codes.seal(secret)
    qr_code = Markup(codes.qr_code(codes.app_link(secret, me().email)))  # noqa: S704 - drawn by us
    page = render_template("auth/second_factor_new.html", form=form, secret=secret, qr_code=qr_code)
    return page, 422 if form.errors else 200


@bp.post("/profile/second-factor/recovery-codes")
@signed_in
@limits.password_checking
def new_recovery_codes() -> ResponseReturnValue:
    """Ten new recovery codes, by the password and a code."""
    return _change(services.renew_recovery_codes, _show_recovery_codes)


@bp.post("/profile/second-factor/off")
@signed_in
@limits.password_checking
def switch_second_factor_off() -> ResponseReturnValue:
    """Back to the password alone, by the password and a code."""
    return _change(services.switch_off, _go_back)


def _change(
    change: Callable[[User, str, str, str | None], Result], answer: Callable[[Result], ResponseReturnValue]
) -> ResponseReturnValue:
    """Do something to the second factor that is on; nothing is asked of somebody who has none."""
    if not services.has_second_factor(me()):
        return redirect(url_for("auth.second_factor"), 303)
    form = PasswordAndCodeForm()
    if not form.validate_on_submit():
        return _page_when_on(form), 422
    try:
        result = change(me(), form.password.data or "", form.code.data or "", device_mark())
    except TooManyTries as refusal:
        _show(refusal, form)
        return _page_when_on(form), 429, {"Retry-After": str(refusal.seconds)}
    except (WrongPassword, WrongCode) as refusal:
        _show(refusal, form)
        return _page_when_on(form), 422
    return answer(result)


def _show_recovery_codes(recovery: list[str]) -> ResponseReturnValue:
    return render_template("auth/recovery_codes.html", recovery=recovery)


def _go_back(_nothing: None) -> ResponseReturnValue:
    flash(_("The second factor is off."), "success")
    return redirect(url_for("auth.second_factor"), 303)


def _show(refusal: Refusal, form: PasswordAndCodeForm) -> None:
    field = form.password if isinstance(refusal, WrongPassword) else form.code
    field.errors = [str(refusal)]


def _page_when_on(form: PasswordAndCodeForm) -> str:
    return render_template("auth/second_factor.html", form=form)
