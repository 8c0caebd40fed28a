"""Pages of own fields."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_own_editable, requires
from mailer.clients import field_types, fields
from mailer.clients.field_forms import FieldForm, TypeForm
from mailer.clients.labels import FIELD_TYPES
from mailer.errors import Refusal
from mailer.flashes import refusal_flashed
from mailer.models.client_field import MOST_CHOICES, MOST_FIELDS, ClientField, FieldType
from mailer.segments.fields import fields_of, other_names

bp = Blueprint("fields", __name__, url_prefix="/fields")


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """The fields in order, archived ones behind, and names that have none."""
    known = fields_of(current_user.id, with_archived=True)
    return render_template(
        "clients/fields/index.html",
        fields=[field for field in known if field.archived_at is None],
        archived=[field for field in known if field.archived_at is not None],
        others=other_names(current_user.id, known),
        most=MOST_FIELDS,
        type_labels=FIELD_TYPES,
    )


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def new() -> ResponseReturnValue:
    """Make a field."""
    form = FieldForm()
    if form.is_submitted() and form.validate():
        kind = FieldType(form.type.data)
        try:
            made = fields.create_field(
                current_user, form.label.cleaned, kind, form.choices.cleaned or (), is_listed=form.is_listed.data
            )
        except Refusal as refusal:
            form.label.errors = [str(refusal)]
        else:
            flash(_("Field “%(name)s” created.", name=made.label), "success")
            return redirect(url_for("clients.fields.index"), 303)
    page = render_template("clients/fields/edit.html", form=form, field_=None, most_choices=MOST_CHOICES)
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:field_id>/edit", methods=["GET", "POST"])
@requires(*Permission)
def edit(field_id: int) -> ResponseReturnValue:
    """Rename a field, show it in the list, change its choices."""
    changed = get_own_editable(ClientField, field_id, current_user)
    form = FieldForm() if request.method == "POST" else FieldForm.of(changed)
    if request.method == "POST":
        form.type.data = changed.type.value
        if form.validate():
            try:
                fields.change_field(
                    changed, form.label.cleaned, form.choices.cleaned or (), is_listed=form.is_listed.data
                )
            except Refusal as refusal:
                (form.choices if changed.type is FieldType.CHOICE else form.label).errors = [str(refusal)]
            else:
                flash(_("Changes saved."), "success")
                return redirect(url_for("clients.fields.index"), 303)
    page = render_template(
        "clients/fields/edit.html",
        form=form,
        field_=changed,
        type_label=FIELD_TYPES[changed.type],
        most_choices=MOST_CHOICES,
    )
    return page, 422 if request.method == "POST" else 200


@bp.route("/<int:field_id>/type", methods=["GET", "POST"])
@requires(*Permission)
def change_type(field_id: int) -> ResponseReturnValue:
    """Another type: what would become of the values, and the change itself once that was seen."""
    changed = get_own_editable(ClientField, field_id, current_user)
    asked = request.values.get("type", "")
    kind = FieldType(asked) if asked in set(FieldType) and asked != changed.type else None
    if request.method == "POST" and kind is not None:
        try:
            done = field_types.convert_field(changed, kind)
        except Refusal as refusal:
            flash(str(refusal), "danger")
            return redirect(url_for("clients.fields.change_type", field_id=field_id, type=kind.value), 303)
        text = _("“%(name)s” is now: %(type)s.", name=changed.label, type=str(FIELD_TYPES[kind]).lower())
        flash(
            text
            if not done.left_count
            else text + " " + _("Values that did not fit are kept in a separate text field."),
            "success",
        )
        return redirect(url_for("clients.fields.index"), 303)
    return render_template(
        "clients/fields/type.html",
        field_=changed,
        form=TypeForm(),
        kind=kind,
        preview=field_types.preview_conversion(changed, kind) if kind else None,
        type_labels=FIELD_TYPES,
        most_choices=MOST_CHOICES,
    )


@bp.post("/<int:field_id>/move")
@requires(*Permission)
def move(field_id: int) -> ResponseReturnValue:
    """One place up or down."""
    fields.move_field(get_own_editable(ClientField, field_id, current_user), up=request.form.get("to") == "up")
    return redirect(url_for("clients.fields.index"), 303)


@bp.post("/<int:field_id>/archive")
@requires(*Permission)
def archive(field_id: int) -> ResponseReturnValue:
    """Take it off pages and forms."""
    with refusal_flashed():
        fields.archive_field(get_own_editable(ClientField, field_id, current_user))
        flash(_("Field archived. Its values are kept."), "success")
    return redirect(url_for("clients.fields.index"), 303)


@bp.post("/<int:field_id>/restore")
@requires(*Permission)
def restore(field_id: int) -> ResponseReturnValue:
    """Show it again."""
    fields.restore_field(get_own_editable(ClientField, field_id, current_user))
    flash(_("The field is shown again."), "success")
    return redirect(url_for("clients.fields.index"), 303)
