"""Set up, renew and switch off the second factor."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from mailer.auth import codes, limits, services
from mailer.auth.forms import CodeForm, PresentPasswordForm
from mailer.auth.refusals import WrongCode, WrongPassword
from mailer.auth.views.blueprint import bp, me, signed_in

NEW_SECRET = "new_secret"  # noqa: S105 - where the sealed secret waits for its first code


@bp.route("/profile/second-factor", methods=["GET", "POST"])
@signed_in
@limits.password_checking
def second_factor() -> ResponseReturnValue:
    """What is on, or a QR code and the proof that the app has read it."""
    if services.has_second_factor(me()):
        return _page_when_on(PresentPasswordForm(formdata=None))
    form = CodeForm()
    secret = codes.unseal(session.get(NEW_SECRET, "")) or codes.new_secret()
    if form.validate_on_submit():
        try:
            recovery = services.switch_on(me(), secret, form.code.data or "")
        except WrongCode as refusal:
            form.code.errors = [str(refusal)]
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
    """Ten new recovery codes, by the password."""
    form = PresentPasswordForm()
    if form.validate_on_submit() and services.has_second_factor(me()):
        try:
            recovery = services.renew_recovery_codes(me(), form.password.data)
        except WrongPassword as refusal:
            form.password.errors = [str(refusal)]
        else:
            return render_template("auth/recovery_codes.html", recovery=recovery)
    return _page_when_on(form), 422


@bp.post("/profile/second-factor/off")
@signed_in
@limits.password_checking
def switch_second_factor_off() -> ResponseReturnValue:
    """Back to the password alone, by the password."""
    form = PresentPasswordForm()
    if form.validate_on_submit():
        try:
            services.switch_off(me(), form.password.data)
        except WrongPassword as refusal:
            form.password.errors = [str(refusal)]
        else:
            flash(_("The second factor is off."), "success")
            return redirect(url_for("auth.second_factor"), 303)
    return _page_when_on(form), 422


def _page_when_on(form: PresentPasswordForm) -> str:
    return render_template("auth/second_factor.html", form=form)
