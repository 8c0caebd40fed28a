"""What an owner does to a series and to the people in it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import Permission, get_own_deleted, get_own_editable, requires
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.flashes import flash_undo, refusal_flashed
from mailer.limiting import per_user
from mailer.models.series import Series, SeriesState
from mailer.series import queries, services
from mailer.series.approving import ask_approval
from mailer.series.blueprint import bp
from mailer.series.starting import before_starting


@bp.route("/<int:series_id>/start", methods=["GET", "POST"])
@login_required
@limiter.limit("20 per minute", key_func=per_user, methods=["POST"])
def start(series_id: int) -> ResponseReturnValue:
    """Ask once more, saying how many enter at once and what is unusual; then start."""
    series = _own(series_id)
    if request.method != "POST":
        if series.state is not SeriesState.DRAFT:
            return _to_page(series_id)
        return _ask(series)
    if request.form.get("confirmed") != "yes":
        return _ask(series), 422
    try:
        services.start(series)
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return _ask(_own(series_id)), 409
    flash(_("The series has started."), "success")
    return _to_page(series_id)


def _ask(series: Series) -> str:
    return render_template("series/start.html", series=series, about=before_starting(series))


@bp.post("/<int:series_id>/pause")
@login_required
def pause(series_id: int) -> ResponseReturnValue:
    """Hold everybody where they are."""
    with refusal_flashed():
        services.pause(_own(series_id))
        flash(_("Series paused. Nothing is sent until you resume it."), "success")
    return _to_page(series_id)


@bp.post("/<int:series_id>/resume")
@login_required
def resume(series_id: int) -> ResponseReturnValue:
    """Go on."""
    with refusal_flashed():
        services.resume(_own(series_id))
        flash(_("Series resumed. Steps that are too late by its rule are left out."), "success")
    return _to_page(series_id)


@bp.post("/<int:series_id>/stop")
@login_required
def stop(series_id: int) -> ResponseReturnValue:
    """End it for good."""
    with refusal_flashed():
        services.stop(_own(series_id))
        flash(_("The series is stopped. Everybody in it has left."), "success")
    return _to_page(series_id)


@bp.post("/<int:series_id>/ask-approval")
@login_required
def ask_for_approval(series_id: int) -> ResponseReturnValue:
    """Ask a manager about its steps."""
    with refusal_flashed():
        ask_approval(_own(series_id))
        flash(_("A manager will look at it. You get an email with the answer."), "success")
    return _to_page(series_id)


@bp.post("/<int:series_id>/delete")
@login_required
def delete(series_id: int) -> ResponseReturnValue:
    """Hide a series, with a way back."""
    try:
        services.delete(_own(series_id))
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return _to_page(series_id)
    flash_undo(_("Series deleted."), url_for("series.restore", series_id=series_id))
    return redirect(url_for("series.index"), 303)


@bp.post("/<int:series_id>/restore")
@requires(Permission.SEND)
def restore(series_id: int) -> ResponseReturnValue:
    """Bring a deleted series back."""
    try:
        services.restore(get_own_deleted(Series, series_id, current_user))
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("series.index"), 303)
    flash(_("Series restored."), "success")
    return _to_page(series_id)


@bp.post("/<int:series_id>/people/<int:enrolment_id>/take-out")
@login_required
def take_out(series_id: int, enrolment_id: int) -> ResponseReturnValue:
    """Let one person leave."""
    series = _own(series_id)
    with refusal_flashed():
        services.take_out(series, queries.enrolment_of(series, enrolment_id))
        flash(_("This person has left the series."), "success")
    return _to_people(series_id)


@bp.post("/<int:series_id>/people/<int:enrolment_id>/move-on")
@login_required
def move_on(series_id: int, enrolment_id: int) -> ResponseReturnValue:
    """Send one person their step now."""
    series = _own(series_id)
    with refusal_flashed():
        services.move_on(series, queries.enrolment_of(series, enrolment_id))
        flash(_("The next step is sent to this person now."), "success")
    return _to_people(series_id)


def _own(series_id: int) -> Series:
    return get_own_editable(Series, series_id, current_user)


def _to_page(series_id: int) -> ResponseReturnValue:
    return redirect(url_for("series.show", series_id=series_id), 303)


def _to_people(series_id: int) -> ResponseReturnValue:
    return redirect(url_for("series.people", series_id=series_id), 303)
