"""Invite somebody."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from mailer.access import Permission, requires
from mailer.auth import limits
from mailer.auth.forms import InvitationForm
from mailer.auth.invitations import invite as mail_invitation
from mailer.auth.views.blueprint import bp
from mailer.errors import Refusal
from mailer.readable import readable_address


@bp.route("/invite", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
@limits.mail_causing
def invite() -> ResponseReturnValue:
    """Mail a link that opens an account."""
    form = InvitationForm()
    if not form.validate_on_submit():
        return render_template("auth/invite.html", form=form), 422 if form.errors else 200
    try:
        mail_invitation(form.email.data, str(get_locale()))
    except Refusal as refusal:
        form.email.errors = [*form.email.errors, str(refusal)]
        return render_template("auth/invite.html", form=form), 422
    flash(_("An invitation is on its way to %(email)s.", email=readable_address(form.email.data)), "success")
    return redirect(url_for("auth.invite"), 303)
