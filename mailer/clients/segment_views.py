"""Pages of segments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer import owner_choices
from mailer.access import Permission, get_own_editable, requires
from mailer.clients import segment_builder, segment_queries, segments
from mailer.clients.choice import as_args, parse_choice
from mailer.clients.forms import FilterForm
from mailer.clients.refused import ChoiceRefused
from mailer.clients.segment_builder import Group
from mailer.clients.segment_rows import WHENCE, Row, choices_of, shown, subjects
from mailer.composing.languages import UNSUBSCRIBE
from mailer.errors import Refusal, UnknownChoice
from mailer.extensions import limiter
from mailer.flashes import refusal_flashed
from mailer.limiting import per_user
from mailer.models.client import ClientFilter
from mailer.segments.former import tree_of
from mailer.segments.scope import ConditionScope, scope_of
from mailer.zones import zone_options

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
            flash(_("Search or choose something first: this segment would be everybody."), "danger")
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
    tree = segment_builder.tree_of(segment_builder.read(request.form, scope), scope)
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
        root = segment_builder.group_of(tree, scope) if segment else _first(scope)
        return _render(segment, form, root, scope)
    form, root = FilterForm(), segment_builder.read(request.form, scope)
    if request.form.get("do"):
        return _render(segment, form, root, scope)
    tree_ = segment_builder.tree_of(root, scope, segment.id if segment else None)
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
        return segment_builder.numbered(root, root.path)
    segment_builder.press(root, "add", root.path, scope)
    return segment_builder.numbered(root, root.path)


def _render(segment: ClientFilter | None, form: FilterForm, root: Group, scope: ConditionScope) -> str:
    tags = owner_choices.tags(current_user.id)

    def options_of(row: Row) -> dict[str, str]:
        known = dict(zip(tags, tags, strict=True)) if row.input == "tags" else choices_of(row.what, scope)
        return known | {value: value for value in row.values if value not in known}

    others = [(str(one.id), one.name) for one in scope.segments.values() if segment is None or one.id != segment.id]
    return render_template(
        "clients/segments/edit.html",
        segment=segment,
        form=form,
        root=root,
        subjects=subjects(scope),
        options_of=options_of,
        zone_options=zone_options,
        whence=WHENCE,
        segments=sorted(others, key=lambda pair: pair[1].casefold()),
        mailings=[(str(id_), name) for id_, name in segment_queries.mailings_of(current_user)],
        found=None,
    )


def _found(tree: dict[str, Any] | None, scope: ConditionScope) -> segment_queries.Found | None:
    if tree is None:
        return None
    return segment_queries.found_now(current_user, tree, scope, patient="patient" in request.form)
