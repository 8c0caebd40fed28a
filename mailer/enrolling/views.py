"""Putting the marked clients, or all that were found, into a series: asked first, with the numbers, and taken back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import ColumnElement

from mailer.access import Permission, get_own_editable, requires
from mailer.accounts.signed_in import me
from mailer.clients.asked import args_of, choice_in, marked, marked_ids
from mailer.clock import database_now
from mailer.enrolling.services import outlook_of, put_in, undo
from mailer.flashes import flash_undo, moment_to_undo
from mailer.models.series import Series
from mailer.series import queries
from mailer.series.putting_in import MOST_AT_ONCE
from mailer.series.starting import remarks, sends_at_once

bp = Blueprint("enrolling", __name__, url_prefix="/clients/into-series")


@bp.post("/")
@requires(Permission.SEND)
def ask() -> ResponseReturnValue:
    """Which series, then how many; they enter once that number was seen. Another number is asked about anew."""
    choice, going = choice_in(request.form), queries.active_series(me())
    back = url_for("clients.index", **args_of(choice))
    if not request.form.get("everyone") and not marked_ids():
        flash(_("Select clients first."), "warning")
        return redirect(back, 303)
    who = marked(choice)
    asked = request.form.get("series_id", "")
    series = next((one for one in going if str(one.id) == asked), going[0] if len(going) == 1 else None)
    outlook = outlook_of(series, who) if series is not None else None
    stamp = f"{series.id}:{outlook.count}" if series is not None and outlook is not None else ""
    is_possible = outlook is not None and 0 < outlook.count <= MOST_AT_ONCE
    if series is not None and is_possible and request.form.get("confirmed") == stamp:
        return _enter(series, who, back)
    return render_template(
        "enrolling/ask.html",
        going=going,
        series=series,
        outlook=outlook,
        most=MOST_AT_ONCE,
        is_possible=is_possible,
        stamp=stamp,
        remarks=remarks(series, outlook.count, database_now()) if series is not None and outlook is not None else [],
        is_sent_at_once=series is not None and sends_at_once(series),
        args=args_of(choice),
        ids=[] if request.form.get("everyone") else marked_ids(),
        back=back,
    )


@bp.post("/<int:series_id>/undo")
@requires(*Permission)
def take_back(series_id: int) -> ResponseReturnValue:
    """Undo, named by its moment."""
    series = get_own_editable(Series, series_id, current_user)
    count = undo(series, moment_to_undo())
    said = ngettext(
        "%(num)s person removed from the series again.", "%(num)s people removed from the series again.", count
    )
    flash(said, "success")
    return redirect(url_for("series.show", series_id=series.id), 303)


def _enter(series: Series, who: list[ColumnElement[bool]], back: str) -> ResponseReturnValue:
    count, moment = put_in(series, who)
    text = ngettext("%(num)s person has entered “%(name)s”.", "%(num)s people have entered “%(name)s”.", count,
                    name=series.name)  # fmt: skip
    flash_undo(text, url_for("enrolling.take_back", series_id=series.id, at=moment.isoformat()))
    return redirect(back, 303)
