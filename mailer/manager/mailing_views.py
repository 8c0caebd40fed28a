"""Switching a mailing off and on."""

from __future__ import annotations

from typing import cast

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_visible, requires
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.manager import services
from mailer.manager.access import me
from mailer.manager.blueprint import bp
from mailer.manager.forms import ReasonForm
from mailer.models.mailing import Mailing


@bp.route("/mailings/<int:mailing_id>/disable", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def disable(mailing_id: int) -> ResponseReturnValue:
    """Ask why, then switch the mailing off."""
    mailing = _of_others(mailing_id)
    form = ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/disable.html", mailing=mailing, form=form), 422 if form.errors else 200
    try:
        services.disable(mailing, form.text, me())
        flash(_("The mailing is switched off. Its owner has been told why."), "success")
    except Refusal as refusal:
        db.session.rollback()
        flash(str(refusal), "danger")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


@bp.post("/mailings/<int:mailing_id>/enable")
@requires(Permission.SWITCH_MAILINGS)
def enable(mailing_id: int) -> ResponseReturnValue:
    """Switch the mailing on again."""
    mailing = _of_others(mailing_id)
    try:
        services.enable(mailing)
        flash(_("The mailing goes on. Its owner has been told."), "success")
    except Refusal as refusal:
        db.session.rollback()
        flash(str(refusal), "danger")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


def _of_others(mailing_id: int) -> Mailing:
    """Somebody else's live mailing: nobody undoes what was decided about their own."""
    mailing = cast(Mailing, get_visible(Mailing, mailing_id, current_user))
    if mailing.owner_id == current_user.id:
        abort(403)
    return mailing
