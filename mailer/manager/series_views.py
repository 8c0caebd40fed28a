"""Switching somebody's series off and on."""

from __future__ import annotations

from typing import cast

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_visible, requires
from mailer.accounts.signed_in import me
from mailer.errors import Refusal
from mailer.flashes import refusal_flashed
from mailer.manager import series_decisions
from mailer.manager.blueprint import bp
from mailer.manager.forms import ReasonForm
from mailer.models.series import Series


@bp.route("/series/<int:series_id>/disable", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def disable_series(series_id: int) -> ResponseReturnValue:
    """Ask why, then switch the series off."""
    series, form = _of_others(series_id), ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/disable_series.html", series=series, form=form), 422 if form.errors else 200
    try:
        series_decisions.disable(series, form.text, me())
        flash(_("The series is switched off. Its owner has been told why."), "success")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("series.show", series_id=series_id), 303)


@bp.post("/series/<int:series_id>/enable")
@requires(Permission.SWITCH_MAILINGS)
def enable_series(series_id: int) -> ResponseReturnValue:
    """Switch the series on again."""
    series = _of_others(series_id)
    with refusal_flashed():
        series_decisions.enable(series)
        flash(_("The series goes on. Its owner has been told."), "success")
    return redirect(url_for("series.show", series_id=series_id), 303)


def _of_others(series_id: int) -> Series:
    """Somebody else's live series: nobody undoes what was decided about their own."""
    series = cast(Series, get_visible(Series, series_id, current_user))
    if series.owner_id == current_user.id:
        abort(403)
    return series
