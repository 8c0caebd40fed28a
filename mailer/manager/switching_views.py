"""Mailings and series switched off and on, mailings several at once too; a run stopped."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from mailer.access import Permission, get_of_others, requires
from mailer.accounts.signed_in import me
from mailer.errors import Refusal
from mailer.flashes import refusal_flashed
from mailer.http import own_path
from mailer.input_limits import number_or_none
from mailer.manager import decisions, queries
from mailer.manager.blueprint import bp
from mailer.manager.forms import ReasonForm
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.series import Series

MOST_AT_ONCE = 25  # a page of the list


@bp.route("/mailings/<int:mailing_id>/disable", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def disable(mailing_id: int) -> ResponseReturnValue:
    """Ask why, then switch the mailing off."""
    mailing = get_of_others(Mailing, mailing_id, current_user)
    form = ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/disable.html", mailing=mailing, form=form), 422 if form.errors else 200
    with refusal_flashed():
        decisions.disable(mailing, form.text, me())
        flash(_("The mailing is switched off. Its owner has been told why."), "success")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


@bp.route("/mailings/<int:mailing_id>/runs/<int:run_id>/stop", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def stop_run(mailing_id: int, run_id: int) -> ResponseReturnValue:
    """Ask why, then end one run; the mailing goes on with its next one."""
    run = queries.run_of(get_of_others(Mailing, mailing_id, current_user), run_id)
    form = ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/stop_run.html", run=run, form=form), 422 if form.errors else 200
    with refusal_flashed():
        decisions.stop_run(run, form.text)
        flash(_("The run is being stopped. Its owner has been told why."), "success")
    return redirect(url_for("mailings.run", mailing_id=mailing_id, run_id=run_id), 303)


@bp.post("/mailings/<int:mailing_id>/enable")
@requires(Permission.SWITCH_MAILINGS)
def enable(mailing_id: int) -> ResponseReturnValue:
    """Switch the mailing on again."""
    mailing = get_of_others(Mailing, mailing_id, current_user)
    with refusal_flashed():
        decisions.enable(mailing)
        flash(_("The mailing goes on. Its owner has been told."), "success")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


@bp.post("/mailings/switch")
@requires(Permission.SWITCH_MAILINGS)
def switch() -> ResponseReturnValue:
    """Switch several mailings off, for one reason, or on again; what is so already stays so and is counted."""
    back = redirect(own_path(request.form.get("next")) or url_for("mailings.index"), 303)
    action, form = request.form.get("action"), ReasonForm()
    if action not in {"disable", "enable"}:
        abort(400)
    if action == "disable" and not form.validate():
        flash(next(error for errors in form.errors.values() for error in errors), "danger")
        return back
    marked = [get_of_others(Mailing, mailing_id, current_user) for mailing_id in _marked()]  # all of them, or none
    over = {mailing.id for mailing in marked if mailing.status is MailingStatus.COMPLETED}
    done = {mailing.id: _switch(mailing, form.text if action == "disable" else None) for mailing in marked}
    switched = {mailing_id for mailing_id, changed in done.items() if changed}
    flash(_told(action, len(switched - over), len(switched & over), len(done) - len(switched)),
          "success" if switched else "warning")  # fmt: skip
    return back


@bp.route("/series/<int:series_id>/disable", methods=["GET", "POST"])
@requires(Permission.SWITCH_MAILINGS)
def disable_series(series_id: int) -> ResponseReturnValue:
    """Ask why, then switch the series off."""
    series, form = get_of_others(Series, series_id, current_user), ReasonForm()
    if not form.validate_on_submit():
        return render_template("manager/disable_series.html", series=series, form=form), 422 if form.errors else 200
    with refusal_flashed():
        decisions.disable_series(series, form.text, me())
        flash(_("The series is switched off. Its owner has been told why."), "success")
    return redirect(url_for("series.show", series_id=series_id), 303)


@bp.post("/series/<int:series_id>/enable")
@requires(Permission.SWITCH_MAILINGS)
def enable_series(series_id: int) -> ResponseReturnValue:
    """Switch the series on again."""
    series = get_of_others(Series, series_id, current_user)
    with refusal_flashed():
        decisions.enable_series(series)
        flash(_("The series goes on. Its owner has been told."), "success")
    return redirect(url_for("series.show", series_id=series_id), 303)


def _told(action: str, count: int, over: int, left: int) -> str:
    """What came of it: `over` had finished, with no moment of their calendar ahead; `left` were so before."""
    if action == "disable":
        words = [ngettext("%(num)s mailing is switched off.", "%(num)s mailings are switched off.", count)]
        again = ngettext(
            "%(num)s had finished and cannot be sent again.", "%(num)s had finished and cannot be sent again.", over
        )
    else:
        words = [ngettext("%(num)s mailing goes on.", "%(num)s mailings go on.", count)]
        again = ngettext(
            "%(num)s has finished and can be sent again.", "%(num)s have finished and can be sent again.", over
        )
    if over:
        words = [*(words if count else []), again]
    if left:
        words.append(ngettext("%(num)s was already in this state.", "%(num)s were already in this state.", left))
    return " ".join(words)


def _switch(mailing: Mailing, reason: str | None) -> bool:
    """Whether it changed anything."""
    try:
        if reason is None:
            decisions.enable(mailing)
        else:
            decisions.disable(mailing, reason, me())
    except Refusal:
        return False
    return True


def _marked() -> list[int]:
    ids = dict.fromkeys(request.form.getlist("ids")[:MOST_AT_ONCE])
    return [number for id_ in ids if (number := number_or_none(id_)) is not None]
