"""What is done to many clients at once, and how it is taken back."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import ColumnElement

from mailer.access import Permission, requires
from mailer.clients import bulk_suppression, services
from mailer.clients.asked import args_of, choice_in, marked, marked_ids
from mailer.clients.blueprint import bp
from mailer.clients.duplicates.finding import MOST_AT_ONCE
from mailer.clients.forms import BulkForm
from mailer.clients.values import MAX_TAG
from mailer.flashes import flash_undo, moment_to_undo


@bp.post("/bulk")
@requires(Permission.SEND)
def bulk() -> ResponseReturnValue:
    """Delete, tag or leave out of mailings the marked clients, or (`everyone`) all of the present choice."""
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
    else:
        change = services.add_tag if action == "add_tag" else services.remove_tag
        count, moment = change(where, form.tag_name.cleaned[0])
        undo = url_for("clients.undo_tag", at=moment.isoformat(), tag=form.tag_name.cleaned[0], did=action)
        flash_undo(ngettext("%(num)s client changed.", "%(num)s clients changed.", count), undo)


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
