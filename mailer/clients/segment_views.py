"""Pages of segments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer import owner_choices
from mailer.access import Permission, get_own_editable, requires
from mailer.clients import segment_queries, segments
from mailer.clients.choice import as_args, parse_choice
from mailer.clients.forms import FilterForm
from mailer.clients.refused import ChoiceRefused
from mailer.composing.languages import UNSUBSCRIBE
from mailer.errors import Refusal, UnknownChoice
from mailer.extensions import limiter
from mailer.flashes import refusal_flashed
from mailer.limiting import per_user
from mailer.models.client import ClientFilter
from mailer.segments import builder
from mailer.segments.builder import Group
from mailer.segments.former import tree_of
from mailer.segments.rows import Row, shown
from mailer.segments.scope import ConditionScope, scope_of

bp = Blueprint("segments", __name__, url_prefix="/segments")


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """The segments in words, with how many clients each finds now."""
    return render_template("clients/segments/index.html", segments=segment_queries.shown_segments(current_user))


@bp.post("/from-list")
@requires(Permission.SEND)
def from_list() -> ResponseReturnValue:
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
            flash(_("Search or choose something first: otherwise the segment would hold everybody."), "danger")
        else:
            saved = segments.save_segment(current_user, form.name.cleaned, tree_of(criteria))
            flash(_("Segment “%(name)s” saved.", name=saved.name), "success")
            return redirect(url_for("clients.index", filter=saved.id), 303)
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("clients.index", **as_args(criteria)), 303)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def new() -> ResponseReturnValue:
    """Build a segment."""
    return _answer(None)


@bp.route("/<int:segment_id>", methods=["GET", "POST"])
@requires(*Permission)
def edit(segment_id: int) -> ResponseReturnValue:
    """Change a segment."""
    return _answer(get_own_editable(ClientFilter, segment_id, current_user))


@bp.post("/preview")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def preview() -> str:
    """A piece of page: how many meet the conditions so far, and ten of them."""
    scope = scope_of(current_user)
    tree = builder.tree_of(builder.read(request.form, scope), scope)
    return render_template("clients/segments/_found.html", found=_found(tree, scope))


@bp.post("/<int:segment_id>/delete")
@requires(*Permission)
def delete(segment_id: int) -> ResponseReturnValue:
    """Forget a segment, unless something needs it."""
    with refusal_flashed():
        segments.delete_segment(get_own_editable(ClientFilter, segment_id, current_user))
        flash(_("Segment deleted."), "success")
    return redirect(url_for("clients.segments.index"), 303)


def _answer(segment: ClientFilter | None) -> ResponseReturnValue:
    scope = scope_of(current_user)
    if request.method != "POST":
        form = FilterForm(name=segment.name if segment else "")
        tree = segment.tree if segment is not None and segment.tree else {"v": 1, "all": []}
        root = builder.group_of(tree, scope) if segment else _first(scope)
        return _render(segment, form, root, scope)
    form, root = FilterForm(), builder.read(request.form, scope)
    if request.form.get("do"):
        return _render(segment, form, root, scope)
    tree_ = builder.tree_of(root, scope, segment.id if segment else None)
    if form.validate() and tree_ is not None:
        try:
            saved = segments.save_segment(current_user, form.name.cleaned, tree_, segment)
        except Refusal as refusal:
            form.name.errors = [str(refusal)]
        else:
            flash(_("Segment “%(name)s” saved.", name=saved.name), "success")
            return redirect(url_for("clients.segments.index"), 303)
    return _render(segment, form, root, scope), 422


def _first(scope: ConditionScope) -> Group:
    """What a new segment begins with: one condition to fill in, or the language that the address names."""
    root = Group()
    if (language := request.args.get("language")) in UNSUBSCRIBE:
        root.parts = [shown(Row("language", "one_of", values=[str(language)]), scope)]
        return builder.numbered(root, root.path)
    return builder.begun(scope)


def _render(segment: ClientFilter | None, form: FilterForm, root: Group, scope: ConditionScope) -> str:
    values = builder.page_values(
        current_user, root, scope, owner_choices.tags(current_user.id), segment.id if segment else None
    )
    return render_template("clients/segments/edit.html", segment=segment, form=form, **values)


def _found(tree: dict[str, Any] | None, scope: ConditionScope) -> segment_queries.Found | None:
    if tree is None:
        return None
    return segment_queries.found_now(current_user, tree, scope, patient="patient" in request.form)
