"""Addresses for answers and test mails, besides that of the account."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.accounts.signed_in import me
from mailer.auth import limits, services, tokens
from mailer.auth.forms import OwnAddressForm
from mailer.auth.refusals import EmailTaken, TooManyAddresses
from mailer.auth.views.blueprint import bp, signed_in
from mailer.clock import utcnow
from mailer.models.account_token import TokenPurpose
from mailer.readable import readable_address
from mailer.sending.senders import own_address, own_addresses


@bp.route("/profile/addresses", methods=["GET", "POST"])
@signed_in
@limits.mail_causing
def addresses() -> ResponseReturnValue:
    """Those confirmed, and asking for the link to another."""
    form = OwnAddressForm()
    if form.validate_on_submit():
        try:
            services.ask_own_address(me(), form.email.data)
        except (EmailTaken, TooManyAddresses) as refusal:
            form.email.errors = [str(refusal)]
        else:
            return render_template("auth/mail_sent.html", email=form.email.data, purpose="own-address")
    page = render_template("auth/addresses.html", form=form, rows=own_addresses(current_user.id))
    return page, 422 if form.errors else 200


@bp.post("/profile/addresses/<int:address_id>/remove")
@signed_in
def remove_own_address(address_id: int) -> ResponseReturnValue:
    """Forget one."""
    address = own_address(current_user.id, address_id)
    assert address is not None
    try:
        services.remove_own_address(address)
        flash(_("The address is removed."), "success")
    except EmailTaken as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("auth.addresses"), 303)


@bp.get("/confirm-address/<token>")
def confirm_own_address(token: str) -> ResponseReturnValue:
    """A button to confirm the address with; scanners of mail open links."""
    found = tokens.find(token, TokenPurpose.CONFIRM_OWN_ADDRESS, utcnow())
    g.language = found.user.language
    return render_template("auth/confirm_own_address.html", email=found.email, account=found.user.email)


@bp.post("/confirm-address/<token>")
@limits.link_following
def do_confirm_own_address(token: str) -> ResponseReturnValue:
    """Confirm the address."""
    address = services.confirm_own_address(token)
    if current_user.is_authenticated and current_user.id == address.owner_id:
        flash(_("%(email)s is confirmed.", email=readable_address(address.email)), "success")
        return redirect(url_for("auth.addresses"), 303)
    return render_template("auth/own_address_confirmed.html", email=address.email)
