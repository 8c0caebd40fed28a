"""Switching somebody's series off and on."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_of_others, requires
from mailer.accounts.signed_in import me
from mailer.flashes import refusal_flashed
from mailer.manager import series_decisions
from mailer.manager.blueprint import bp
from mailer.manager.forms import ReasonForm
from mailer.models.series import Series


@bp.route("/series/<int:series_id>/disable", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def disable_series(series_id: int) -> ResponseReturnValue:
    """Ask why, then switch the series off."""
    series, form = get_of_others(Series, series_id, current_user), ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/disable_series.html", series=series, form=form), 422 if form.errors else 200
    with refusal_flashed():
        series_decisions.disable(series, form.text, me())
        flash(_("The series is switched off. Its owner has been told why."), "success")
    return redirect(url_for("series.show", series_id=series_id), 303)


@bp.post("/series/<int:series_id>/enable")
@requires(Permission.SWITCH_MAILINGS)
def enable_series(series_id: int) -> ResponseReturnValue:
    """Switch the series on again."""
    series = get_of_others(Series, series_id, current_user)
    with refusal_flashed():
        series_decisions.enable(series)
        flash(_("The series goes on. Its owner has been told."), "success")
    return redirect(url_for("series.show", series_id=series_id), 303)
