"""One's own data: take it along, or leave and have it deleted."""

from __future__ import annotations

from flask import flash, redirect, render_template, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mailer.accounts.admins import LastAdmin
from mailer.accounts.signed_in import me
from mailer.auth import limits, services, session
from mailer.auth.forms import PresentPasswordForm
from mailer.auth.refusals import WrongPassword
from mailer.auth.views.blueprint import bp, signed_in
from mailer.clock import today_in


@bp.get("/profile/data")
@signed_in
def own_data() -> ResponseReturnValue:
    """What one can do with one's data."""
    return _page()


@bp.post("/profile/data/export")
@signed_in
@limits.password_checking
def export_own_data() -> ResponseReturnValue:
    """A ZIP of everything."""
    form = PresentPasswordForm(prefix="export")
    if not form.validate_on_submit():
        return _page(export_form=form), 422
    try:
        archive = services.export_own_data(me(), form.password.data or "")
    except WrongPassword as refusal:
        form.password.errors = [str(refusal)]
        return _page(export_form=form), 422
    name = f"golub-{today_in(me().timezone)}.zip"
    return send_file(archive, mimetype="application/zip", as_attachment=True, download_name=name, max_age=0)


@bp.post("/profile/delete")
@signed_in
@limits.password_checking
def erase_account() -> ResponseReturnValue:
    """Delete the account for good."""
    form = PresentPasswordForm(prefix="delete")
    if not form.validate_on_submit():
        return _page(delete_form=form), 422
    try:
        services.erase_account(me(), form.password.data or "")
    except WrongPassword as refusal:
        form.password.errors = [str(refusal)]
        return _page(delete_form=form), 422
    except LastAdmin as refusal:
        flash(str(refusal), "danger")
        return _page(), 409
    session.end()
    flash(_("Your account is deleted."), "success")
    return redirect("/", 303)


def _page(**forms: PresentPasswordForm) -> str:
    empty = {
        "export_form": PresentPasswordForm(formdata=None, prefix="export"),
        "delete_form": PresentPasswordForm(formdata=None, prefix="delete"),
    }
    return render_template("auth/own_data.html", **(empty | forms))
