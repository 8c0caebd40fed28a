"""Change the password."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mailer.accounts.signed_in import me
from mailer.auth import limits, services, session
from mailer.auth.forms import PasswordForm
from mailer.auth.refusals import WrongPassword
from mailer.auth.views.blueprint import bp, signed_in


@bp.route("/profile/password", methods=["GET", "POST"])
@signed_in
@limits.password_checking
def password() -> ResponseReturnValue:
    """Replace the password; this browser stays signed in, all others are signed out."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            services.change_password(me(), form.current.data, form.new.data)
        except WrongPassword as refusal:
            form.current.errors = [str(refusal)]
        else:
            session.renew(me())
            flash(_("Your password is changed. Other devices are signed out."), "success")
            return redirect(url_for("auth.password"), 303)
    return render_template("auth/password.html", form=form), 422 if form.errors else 200
