"""Register."""

from __future__ import annotations

from flask import redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user

from mailer.auth import limits, services
from mailer.auth.destinations import home_path
from mailer.auth.forms import RegistrationForm
from mailer.auth.views.blueprint import bp


@bp.route("/register", methods=["GET", "POST"])
@limits.mail_causing
def register() -> ResponseReturnValue:
    """Open an account; a known address sees the very same page."""
    if current_user.is_authenticated:
        return redirect(home_path())
    form = RegistrationForm()
    if not form.validate_on_submit():
        return render_template("auth/register.html", form=form), 422 if form.errors else 200
    services.register(form.email.data, form.password.data, str(get_locale()))
    return render_template("auth/mail_sent.html", email=form.email.data, purpose="confirm")
