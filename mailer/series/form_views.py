"""Making and changing a series."""

from __future__ import annotations

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer import owner_choices
from mailer.access import Permission, get_own_editable, requires
from mailer.accounts.signed_in import me
from mailer.errors import Conflict, Refusal
from mailer.models.series import MOST_STEPS, Series, SeriesState
from mailer.series import services
from mailer.series.blueprint import bp
from mailer.series.changes import changes_of
from mailer.series.form_reading import FIRST_STEP, plan_of, pressed, values_of, values_of_copy
from mailer.series.forms import SeriesForm

STEP_FIELD = re.compile(r"steps-[0-9]{1,3}-[a-z_]{1,20}", re.ASCII)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def create() -> ResponseReturnValue:
    """Make a series."""
    return _answer(None)


@bp.route("/<int:series_id>/edit", methods=["GET", "POST"])
@login_required
def edit(series_id: int) -> ResponseReturnValue:
    """Change a series; one that is going says first what that changes for the people in it."""
    return _answer(get_own_editable(Series, series_id, current_user))


@bp.get("/<int:series_id>/copy")
@login_required
def copy(series_id: int) -> ResponseReturnValue:
    """The form of a new series, filled in as another is; nobody is in it."""
    original = get_own_editable(Series, series_id, current_user)
    return _render(SeriesForm(formdata=None, data=values_of_copy(original)), None)


def _answer(series: Series | None) -> ResponseReturnValue:
    if request.method != "POST":
        values = values_of(series) if series else {"timezone": me().timezone, "steps": [dict(FIRST_STEP)]}
        return _render(SeriesForm(formdata=None, data=values), series)
    if not all(STEP_FIELD.fullmatch(name) for name in request.form if name.startswith("steps-")):
        abort(400)  # WTForms would take any digits, of any script and length, for a number
    form = SeriesForm()
    if button := request.form.get("do"):
        return _render(SeriesForm(formdata=None, data=pressed(form, button)), series)
    form.offer(me(), str(get_locale()))
    plan = plan_of(form, me()) if form.validate() else None
    if plan is None:
        return _render(form, series), 422
    changes = changes_of(series, plan) if series else []
    if changes and form.confirmed.data != "yes":
        return _render(form, series, changes), 409
    try:
        saved = services.save_series(me(), plan, series, form.opened_version)
    except Conflict as conflict:
        flash(str(conflict), "warning")
        assert series is not None
        fresh = get_own_editable(Series, series.id, current_user)
        form.version.data, form.version.raw_data = str(fresh.version), None
        return _render(form, fresh), 409
    except Refusal as refusal:
        form.name.errors = [str(refusal)]
        return _render(form, series), 422
    if saved.state is SeriesState.DRAFT:
        flash(_("The series is saved. It sends nothing until you start it."), "success")
    else:
        flash(_("Changes saved."), "success")
    return redirect(url_for("series.show", series_id=saved.id), 303)


def _render(form: SeriesForm, series: Series | None, changes: list[str] | None = None) -> str:
    form.offer(me(), str(get_locale()))
    return render_template(
        "series/edit.html",
        form=form,
        series=series,
        changes=changes,
        tags=owner_choices.tags(me().id),
        most_steps=MOST_STEPS,
    )
