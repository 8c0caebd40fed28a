"""Pages of saved filters."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_own_editable, requires
from mailer.clients import filters, queries
from mailer.clients.choice import as_args, parse_choice
from mailer.clients.forms import FilterForm
from mailer.clients.refused import ChoiceRefused
from mailer.errors import Refusal, UnknownChoice
from mailer.models.client import ClientFilter

bp = Blueprint("filters", __name__, url_prefix="/filters")


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """The saved filters, with how many clients each finds now."""
    saved = queries.filters_of(current_user)
    counts = {one.id: queries.count_clients(one.criteria, current_user) for one in saved}
    return render_template("clients/filters.html", filters=saved, counts=counts, as_args=as_args)


@bp.post("/")
@requires(Permission.SEND)
def create() -> ResponseReturnValue:
    """Save the choice of the list under a name."""
    try:
        criteria = parse_choice(request.form).criteria
    except ChoiceRefused as refused:
        raise UnknownChoice(refused.name, refused.value) from None
    form = FilterForm()
    try:
        if not form.validate():
            flash(form.name.errors[0], "danger")
        elif not criteria:
            flash(_("Search or choose something first: this filter would find everybody."), "danger")
        else:
            saved = filters.save_filter(current_user, form.name.cleaned, criteria)
            flash(_("Filter “%(name)s” saved.", name=saved.name), "success")
            return redirect(url_for("clients.index", filter=saved.id), 303)
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("clients.index", **as_args(criteria)), 303)


@bp.post("/<int:filter_id>/rename")
@requires(*Permission)
def rename(filter_id: int) -> ResponseReturnValue:
    """Give a filter another name."""
    saved = get_own_editable(ClientFilter, filter_id, current_user)
    form = FilterForm()
    try:
        if form.validate():
            filters.rename_filter(saved, form.name.cleaned)
            flash(_("Changes saved."), "success")
        else:
            flash(form.name.errors[0], "danger")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("clients.filters.index"), 303)


@bp.post("/<int:filter_id>/delete")
@requires(*Permission)
def delete(filter_id: int) -> ResponseReturnValue:
    """Forget a filter, unless a mailing needs it."""
    saved = get_own_editable(ClientFilter, filter_id, current_user)
    try:
        filters.delete_filter(saved)
    except Refusal as refusal:
        flash(str(refusal), "danger")
    else:
        flash(_("Filter deleted."), "success")
    return redirect(url_for("clients.filters.index"), 303)
