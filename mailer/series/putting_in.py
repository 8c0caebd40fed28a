"""Putting people into a series by hand: one client, a segment, everybody with a tag."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import ColumnElement, select

from mailer import owner_choices
from mailer.access import Permission, requires
from mailer.accounts.signed_in import me
from mailer.clock import database_now
from mailer.extensions import db
from mailer.input_limits import number_or_none
from mailer.models.client import Client
from mailer.models.series import Entry, Series
from mailer.readable import in_ascii, readable_address
from mailer.sending.runs import audience
from mailer.sending.series.entering import enter_those, wake
from mailer.series import queries
from mailer.series.blueprint import bp
from mailer.series.forms import PutInForm
from mailer.series.starting import count_of, remarks, sends_at_once

MOST_AT_ONCE = 100_000  # of a request; a series that takes in a segment by itself has no such limit


@bp.route("/put-in", methods=["GET", "POST"])
@requires(Permission.SEND)
def put_in() -> ResponseReturnValue:
    """Say whom, then with their number ask once more, then let them enter."""
    form, choices = PutInForm(), queries.active_series(me())
    form.series_id.choices = [(str(one.id), one.name) for one in choices]
    form.segment_id.choices = [("", _("Choose…")), *owner_choices.segments(me().id)]
    if request.method != "POST":
        _fill(form)
        return _render(form)
    series = next((one for one in choices if str(one.id) == form.series_id.data), None)
    if not form.validate():
        return _render(form), 422
    if series is None:
        form.series_id.errors = [_("Choose an active series.")]
        return _render(form), 422
    who = _chosen(form)
    if who is None:
        return _render(form), 422
    count = count_of(series, who)
    if not 0 < count <= MOST_AT_ONCE or form.confirmed.data != f"{series.id}:{count}":
        return _confirm(form, series, count)
    done = enter_those(series, who, Entry.HAND)
    db.session.commit()
    wake(series)
    flash(ngettext("%(num)s person has entered.", "%(num)s people have entered.", done), "success")
    return redirect(url_for("series.show", series_id=series.id), 303)


def _confirm(form: PutInForm, series: Series, count: int) -> ResponseReturnValue:
    """The number first. It is asked about once more when it is another one meanwhile."""
    if count == 0:
        form.whom.errors = [
            _(
                "None of them can enter: they are or were in the series, must not be written to, "
                "or have not confirmed where you ask for that."
            )
        ]
        return _render(form), 422
    if count > MOST_AT_ONCE:
        form.whom.errors = [
            _("More than %(num)s people at once: let the series take them from a segment.", num=MOST_AT_ONCE)
        ]
        return _render(form), 422
    form.confirmed.data = f"{series.id}:{count}"
    asked = {"count": count, "series": series, "is_sent_at_once": sends_at_once(series)}
    return _render(form, asked | {"remarks": remarks(series, count, database_now())}), 409


def _chosen(form: PutInForm) -> list[ColumnElement[bool]] | None:
    """The condition that is meant; None, with the field saying why, where it is not."""
    if form.whom.data == "segment":
        segment_id = number_or_none(form.segment_id.data)
        if segment_id is None or segment_id not in dict(owner_choices.segments(me().id)):
            form.segment_id.errors = [_("Choose a segment.")]
            return None
        if audience.are_broken(me().id, [segment_id]):
            form.segment_id.errors = [
                _("This segment cannot be used: it refers to a field or segment that no longer exists.")
            ]
            return None
        return audience.by_segments(me().id, [segment_id], [])
    if form.whom.data == "tag":
        tag = (form.tag.data or "").strip()
        if not tag:
            form.tag.errors = [_("Type the tag.")]
            return None
        return [Client.tags.contains([tag])]
    key = in_ascii((form.email.data or "").strip().lower())
    mine = Client.owner_id == current_user.id, Client.email_key == key, Client.deleted_at.is_(None)
    if db.session.scalar(select(Client.id).where(*mine)) is None:
        form.email.errors = [_("There is no client with this address.")]
        return None
    return [Client.email_key == key]


def _fill(form: PutInForm) -> None:
    """What the link that led here is about."""
    form.series_id.data = request.args.get("series", "")
    client_id, segment_id = (number_or_none(request.args.get(name)) for name in ("client", "segment"))
    if segment_id is not None:
        form.whom.data, form.segment_id.data = "segment", str(segment_id)
    if client_id is not None:
        mine = Client.id == client_id, Client.owner_id == current_user.id
        form.email.data = readable_address(db.session.scalar(select(Client.email).where(*mine)) or "")


def _render(form: PutInForm, asked: dict[str, object] | None = None) -> str:
    return render_template("series/put_in.html", form=form, asked=asked, tags=owner_choices.tags(me().id))
