"""Move to another address."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.accounts.signed_in import me
from mailer.auth import limits, services, session, tokens
from mailer.auth.forms import EmailForm, NewAddressForm
from mailer.auth.refusals import EmailTaken, WrongPassword
from mailer.auth.views.blueprint import bp, signed_in
from mailer.clock import utcnow
from mailer.models.account_token import TokenPurpose
from mailer.readable import readable_address


@bp.route("/profile/email", methods=["GET", "POST"])
@signed_in
@limits.password_checking
def email() -> ResponseReturnValue:
    """Ask for the link to a new address."""
    form = EmailForm()
    if form.validate_on_submit():
        try:
            services.ask_email_change(me(), form.password.data, form.new_email.data)
        except WrongPassword as refusal:
            form.password.errors = [str(refusal)]
        except EmailTaken as refusal:
            form.new_email.errors = [str(refusal)]
        else:
            return render_template("auth/mail_sent.html", email=form.new_email.data, purpose="change")
    return render_template("auth/email.html", form=form), 422 if form.errors else 200


@bp.get("/confirm-email/<token>")
def confirm_email(token: str) -> ResponseReturnValue:
    """A button to take the new address with; who is not signed in to the account gives its password."""
    return _page(token, NewAddressForm())


@bp.post("/confirm-email/<token>")
@limits.link_following
def do_confirm_email(token: str) -> ResponseReturnValue:
    """Take the new address; only a browser of the same person stays signed in."""
    found, form = tokens.find(token, TokenPurpose.CHANGE_EMAIL, utcnow()), NewAddressForm()
    asker = me() if current_user.is_authenticated else None
    asker_id = asker.id if asker else None
    if asker_id != found.user_id and not form.validate_on_submit():
        return _page(token, form), 422
    try:
        user = services.change_email(token, asker, form.password.data or "")
    except WrongPassword as refusal:
        form.password.errors = [str(refusal)]
        return _page(token, form), 422
    g.language = user.language
    flash(_("Your address is now %(email)s.", email=readable_address(user.email)), "success")
    if asker_id != user.id:
        return redirect(url_for("auth.login"), 303)
    session.renew(user)
    return redirect(url_for("auth.email"), 303)


def _page(token: str, form: NewAddressForm) -> str:
    found = tokens.find(token, TokenPurpose.CHANGE_EMAIL, utcnow())
    g.language = found.user.language
    is_theirs = current_user.is_authenticated and current_user.id == found.user_id
    return render_template("auth/confirm_email.html", email=found.email, form=form, is_theirs=is_theirs)
