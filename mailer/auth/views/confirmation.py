"""Confirm an address by the mailed link, and set the password of its account.

Opening the link changes nothing, since mail scanners open links too.
"""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth import limits, services, tokens
from mailer.auth.destinations import home_path
from mailer.auth.forms import AddressForm, ConfirmationForm
from mailer.auth.refusals import WeakPassword
from mailer.auth.views.blueprint import bp
from mailer.clock import utcnow
from mailer.models.account_token import TokenPurpose


@bp.errorhandler(tokens.BadToken)
def bad_token(_error: tokens.BadToken) -> ResponseReturnValue:
    """One page for every link that does not work, whatever the reason."""
    return render_template("auth/bad_link.html"), 404


@bp.get("/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """A form for the password of the account."""
    found = tokens.find(token, TokenPurpose.CONFIRM_EMAIL, utcnow())
    g.language = found.user.language
    return render_template("auth/confirm.html", email=found.email, form=ConfirmationForm())


@bp.post("/confirm/<token>")
@limits.link_following
def do_confirm(token: str) -> ResponseReturnValue:
    """Confirm the address with the password that is to open the account."""
    found = tokens.find(token, TokenPurpose.CONFIRM_EMAIL, utcnow())
    g.language, email = found.user.language, found.email
    form = ConfirmationForm()
    try:
        if not form.validate_on_submit():
            return render_template("auth/confirm.html", email=email, form=form), 422
        services.confirm_email(token, form.password.data)
    except WeakPassword as refusal:
        form.password.errors = [str(refusal)]
        return render_template("auth/confirm.html", email=email, form=form), 422
    flash(_("Your address is confirmed. You can log in now."), "success")
    return redirect(url_for("auth.login"), 303)


@bp.route("/confirm/resend", methods=["GET", "POST"])
@limits.mail_causing
def resend() -> ResponseReturnValue:
    """Ask for the confirmation mail once more."""
    if current_user.is_authenticated:
        return redirect(home_path())
    form = AddressForm()
    if not form.validate_on_submit():
        return render_template("auth/resend.html", form=form), 422 if form.errors else 200
    services.resend_confirmation(form.email.data, str(get_locale()))
    return render_template("auth/mail_sent.html", email=form.email.data, purpose="resend")
