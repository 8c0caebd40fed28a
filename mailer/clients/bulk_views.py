"""What is done to many clients at once, and how it is taken back."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import ColumnElement

from mailer.access import Permission, requires
from mailer.clients import bulk_suppression, bulk_values, services
from mailer.clients.asked import args_of, choice_in, marked, marked_ids
from mailer.clients.blueprint import bp
from mailer.clients.duplicates.finding import MOST_AT_ONCE
from mailer.clients.forms import BulkForm
from mailer.clients.values import MAX_TAG
from mailer.composing.languages import UNSUBSCRIBE
from mailer.flashes import flash_undo, moment_to_undo


@bp.post("/bulk")
@requires(Permission.SEND)
def bulk() -> ResponseReturnValue:
    """Delete, tag, leave out or set a value of the marked clients, or (`everyone`) all of the present choice."""
    choice = choice_in(request.form)
    form = BulkForm()
    if not form.validate():
        flash(next(error for errors in form.errors.values() for error in errors), "danger")
    elif form.action.data == "merge":
        return redirect(url_for("clients.duplicates.compare", id=marked_ids()[: MOST_AT_ONCE + 1]), 303)
    else:
        _do(str(form.action.data), marked(choice), form)
    return redirect(url_for("clients.index", **args_of(choice)), 303)


def _do(action: str, where: list[ColumnElement[bool]], form: BulkForm) -> None:
    if action == "delete":
        count, moment = services.delete_clients(where)
        undo = url_for("clients.restore_deleted", at=moment.isoformat())
        flash_undo(ngettext("%(num)s client deleted.", "%(num)s clients deleted.", count), undo)
    elif action == "suppress":
        count, moment = bulk_suppression.suppress_all(where)
        text = ngettext(
            "%(num)s address is now left out of mailings.", "%(num)s addresses are now left out of mailings.", count
        )
        flash_undo(text, url_for("clients.undo_suppress", at=moment.isoformat()))
    elif action == "unsuppress":
        count = bulk_suppression.lift_all(where)
        text = ngettext("%(num)s address gets mailings again.", "%(num)s addresses get mailings again.", count)
        flash(text + " " + _("People who unsubscribed themselves are still left out."), "success")
    elif action in ("set_language", "set_timezone"):
        _set_value(action.removeprefix("set_"), where, form)
    else:
        change = services.add_tag if action == "add_tag" else services.remove_tag
        count, moment = change(where, form.tag_name.cleaned[0])
        undo = url_for("clients.undo_tag", at=moment.isoformat(), tag=form.tag_name.cleaned[0], did=action)
        flash_undo(ngettext("%(num)s client changed.", "%(num)s clients changed.", count), undo)


def _set_value(name: str, where: list[ColumnElement[bool]], form: BulkForm) -> None:
    value = form.language.cleaned if name == "language" else form.timezone.data
    done = bulk_values.set_value(where, name, value or "")
    text = ngettext("%(num)s client changed.", "%(num)s clients changed.", done.count)
    if done.former:
        undo = url_for("clients.undo_value", at=done.moment.isoformat(), field=name, was=done.former)
        flash_undo(text, undo)
    else:
        flash(text, "success")


@bp.post("/undo-value")
@requires(Permission.SEND)
def undo_value() -> ResponseReturnValue:
    """Undo a language or a time zone given to many, named by its moment and by what they had."""
    name, former = request.args.get("field"), request.args.getlist("was")
    known = {"language": UNSUBSCRIBE, "timezone": available_timezones()}.get(name or "")
    if known is None or len(former) > bulk_values.MOST_FORMER or not {*former} <= {"", *known}:
        abort(404)
    count = bulk_values.undo_value(current_user, str(name), former, moment_to_undo())
    flash(ngettext("%(num)s client changed.", "%(num)s clients changed.", count), "success")
    return redirect(url_for("clients.index"), 303)


@bp.post("/restore-deleted")
@requires(Permission.SEND)
def restore_deleted() -> ResponseReturnValue:
    """Undo a deletion of many, named by its moment."""
    count = services.restore_deleted(current_user, moment_to_undo())
    flash(ngettext("%(num)s client restored.", "%(num)s clients restored.", count), "success")
    return redirect(url_for("clients.index"), 303)


@bp.post("/undo-tag")
@requires(Permission.SEND)
def undo_tag() -> ResponseReturnValue:
    """Undo a tag given to many, or taken from them, named by its moment."""
    did = request.args.get("did")
    if did not in ("add_tag", "remove_tag"):
        abort(404)
    count = services.undo_tag(
        current_user, request.args.get("tag", "")[:MAX_TAG], moment_to_undo(), was_added=did == "add_tag"
    )
    flash(ngettext("%(num)s client changed.", "%(num)s clients changed.", count), "success")
    return redirect(url_for("clients.index"), 303)


@bp.post("/undo-suppress")
@requires(Permission.SEND)
def undo_suppress() -> ResponseReturnValue:
    """Write again to those whom one press of the button left out."""
    count = bulk_suppression.undo_suppress_all(current_user, moment_to_undo())
    flash(ngettext("%(num)s address gets mailings again.", "%(num)s addresses get mailings again.", count), "success")
    return redirect(url_for("clients.index"), 303)
