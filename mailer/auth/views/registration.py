"""Register."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from mailer.auth import limits, services
from mailer.auth.destinations import home_path
from mailer.auth.forms import InvitedForm, RegistrationForm
from mailer.auth.invitations import invited
from mailer.auth.views.blueprint import bp


@bp.route("/register", methods=["GET", "POST"])
@limits.mail_causing
def register() -> ResponseReturnValue:
    """Open an account; a known address sees the very same page. An invitation stands for the address it was sent to."""
    if current_user.is_authenticated:
        return redirect(home_path())
    address = invited(request.args.get("invitation", ""))
    if address is None and current_app.config["REGISTRATION"] != "open":
        return render_template("auth/closed.html"), 200 if request.method == "GET" else 403
    form = InvitedForm() if address else RegistrationForm()
    if address:
        form.email.data = address  # whatever was sent
    if not form.validate_on_submit():
        return render_template("auth/register.html", form=form, invited=address), 422 if form.errors else 200
    if address:
        if services.register_invited(address, form.password.data or "", str(get_locale())):
            flash(_("Your account is ready. Log in."), "success")
        else:
            flash(_("There is an account with this address already. Log in."), "info")
        return redirect(url_for("auth.login"), 303)
    services.register(form.email.data or "", str(get_locale()))
    return render_template("auth/mail_sent.html", email=form.email.data, purpose="confirm")
