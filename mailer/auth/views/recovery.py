"""Recover a forgotten password."""

from __future__ import annotations

from flask import current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth import limits, services, session, tokens
from mailer.auth.destinations import home_path
from mailer.auth.forms import AddressForm, NewPasswordForm
from mailer.auth.refusals import WeakPassword
from mailer.auth.views.blueprint import bp, device_mark, mark_device
from mailer.clock import utcnow
from mailer.models.account_token import TokenPurpose


@bp.route("/forgot", methods=["GET", "POST"])
@limits.mail_causing
def forgot() -> ResponseReturnValue:
    """Ask for a link to set a new password."""
    if current_user.is_authenticated:
        return redirect(home_path())
    form = AddressForm()
    if not form.validate_on_submit():
        return render_template("auth/forgot.html", form=form), 422 if form.errors else 200
    services.ask_recovery(form.email.data, str(get_locale()), device_mark())
    return render_template("auth/mail_sent.html", email=form.email.data, purpose="reset")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@limits.link_following
def reset(token: str) -> ResponseReturnValue:
    """Set a new password; only the POST uses the link up."""
    found = tokens.find(token, TokenPurpose.RESET_PASSWORD, utcnow())
    g.language = found.user.language
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            mark = services.reset_password(token, form.password.data, device_mark())
        except WeakPassword as refusal:
            form.password.errors = [str(refusal)]
        else:
            if current_user.is_authenticated:
                session.end()
            flash(_("The new password is set. Log in with it."), "success")
            response = current_app.make_response(redirect(url_for("auth.login"), 303))
            mark_device(response, mark)
            return response
    return render_template("auth/reset.html", form=form, email=found.email), 422 if form.errors else 200
