"""Pages of an import: the upload, the preview, the progress and the report."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from mailer.access import Permission, get_own_editable, requires
from mailer.clients import labels
from mailer.clients.importing import queries, quota, services
from mailer.clients.importing.encoding import ENCODINGS
from mailer.clients.importing.files import report_of
from mailer.clients.importing.forms import (
    StartForm,
    UploadForm,
    chosen_targets,
    read_targets,
    target_choices,
    usual_consents,
)
from mailer.clients.importing.job import MAX_ROWS
from mailer.clients.importing.preview import ImportPreview, preview_of
from mailer.clients.importing.table import SEPARATORS
from mailer.clients.reasons import explain
from mailer.clients.refused import ValueRefused
from mailer.downloads import csv_download
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.flashes import refusal_flashed
from mailer.long_work import reading
from mailer.models.client_field import ClientField
from mailer.models.client_import import ClientImport, ImportState
from mailer.segments.fields import fields_of

bp = Blueprint("imports", __name__, url_prefix="/import")


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.SEND)
@limiter.limit("60 per hour", methods=["POST"])
def new() -> ResponseReturnValue:
    """Choose a file."""
    form = UploadForm()
    if form.is_submitted() and form.validate():
        try:
            with reading.one():
                begun, gone_count = services.begin_import(current_user, form.file.data)
        except ValueRefused as refused:
            form.file.errors = [explain(refused.code, refused.params)]
        else:
            _tell_what_went(gone_count)
            return redirect(url_for("clients.imports.show", import_id=begun.id), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("clients/imports/new.html", form=form, imports=queries.imports_of(current_user)), status


@bp.get("/<int:import_id>")
@requires(*Permission)
def show(import_id: int) -> ResponseReturnValue:
    """The preview; once started, the progress; at the end, what became of every row."""
    begun = get_own_editable(ClientImport, import_id, current_user)
    if begun.state is not ImportState.UPLOADED:
        return render_template("clients/imports/show.html", **_result_of(begun))
    try:
        with reading.one():
            preview = preview_of(begun.stored_file, request.args, own := fields_of(begun.owner_id))
        _tell_what_went(quota.make_room(begun))  # another sheet may be much larger
    except ValueRefused as refused:
        flash(explain(refused.code, refused.params), "danger")
        return redirect(url_for("clients.imports.new"), 303)
    return _show_preview(begun, preview, own, preview.targets)


@bp.post("/<int:import_id>")
@requires(*Permission)
def start(import_id: int) -> ResponseReturnValue:
    """Start it as chosen; a choice that cannot work comes back."""
    begun = get_own_editable(ClientImport, import_id, current_user)
    form, own = StartForm(), fields_of(begun.owner_id)
    try:
        with reading.one():
            preview = preview_of(begun.stored_file, request.form, own)
        _tell_what_went(quota.make_room(begun))
        try:
            targets = chosen_targets(request.form, preview.names, own)
            if not preview.rows:
                raise ValueRefused("no_rows")
        except ValueRefused as refused:
            targets = read_targets(request.form, len(preview.names), own)
            return _show_preview(begun, preview, own, targets, form, explain(refused.code, refused.params))
    except ValueRefused as refused:
        flash(explain(refused.code, refused.params), "danger")
        return redirect(url_for("clients.imports.new"), 303)
    if not form.validate():
        return _show_preview(begun, preview, own, targets, form, next(iter(form.errors.values()))[0])
    options = {
        "targets": targets,
        "tags": form.tags.cleaned,
        "existing": form.existing.data,
        "mode": form.mode.data,
        "consent": (form.consent.data or "").strip(),
    }
    try:
        services.start_import(begun, preview, options)
    except Refusal as refusal:
        flash(str(refusal), "info")
    return redirect(url_for("clients.imports.show", import_id=import_id), 303)


@bp.get("/<int:import_id>/progress")
@requires(*Permission)
def progress(import_id: int) -> str:
    """The part of the page that renews itself."""
    return render_template(
        "clients/imports/_progress.html", **_result_of(get_own_editable(ClientImport, import_id, current_user))
    )


@bp.get("/<int:import_id>/report.csv")
@requires(*Permission)
def report(import_id: int) -> Response:
    """Every line of the report as a CSV file, in the reader's language."""
    begun = get_own_editable(ClientImport, import_id, current_user)
    found = report_of(begun.stored_file)
    return csv_download(f"import-{import_id}-report.csv", lambda _session: queries.report_rows(found))


@bp.post("/<int:import_id>/undo")
@requires(*Permission)
def undo(import_id: int) -> ResponseReturnValue:
    """Delete what it created."""
    begun = get_own_editable(ClientImport, import_id, current_user)
    with refusal_flashed():
        deleted, kept, lifted = services.undo_import(begun)
        text = ngettext("%(num)s client of this import deleted.", "%(num)s clients of this import deleted.", deleted)
        if kept:
            text += " " + ngettext(
                "%(num)s stays, having been changed or deleted since.",
                "%(num)s stay, having been changed or deleted since.",
                kept,
            )
        if lifted:
            text += " " + ngettext(
                "Mailings go to %(num)s address again.", "Mailings go to %(num)s addresses again.", lifted
            )
        flash(text, "success")
    return redirect(url_for("clients.imports.show", import_id=import_id), 303)


def _tell_what_went(count: int) -> None:
    if count:
        text = ngettext(
            "%(num)s old file that was never imported has been thrown away: %(files)s are kept, of %(megabytes)s MB "
            "together when unpacked.",
            "%(num)s old files that were never imported have been thrown away: %(files)s are kept, of "
            "%(megabytes)s MB together when unpacked.",
            count,
            files=quota.MOST_UPLOADS,
            megabytes=quota.MOST_MEGABYTES,
        )
        flash(text, "info")


def _show_preview(
    begun: ClientImport,
    preview: ImportPreview,
    own: list[ClientField],
    targets: list[str],
    form: StartForm | None = None,
    error: str | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "clients/imports/preview.html",
        begun=begun,
        preview=preview,
        targets=targets,
        form=form or StartForm(consent=queries.last_consent_of(current_user)),
        usual_consents=usual_consents(),
        error=error,
        choices=target_choices(own),
        encodings=ENCODINGS,
        separators={sign: _("Tab") if sign == "\t" else sign for sign in SEPARATORS},
        explain=explain,
    )
    return page, 422 if error else 200


def _result_of(begun: ClientImport) -> dict[str, object]:
    done = begun.state.is_final
    return {
        "begun": begun,
        "problems": queries.first_problems(report_of(begun.stored_file)) if done else None,
        "error": explain(begun.error, {"limit": MAX_ROWS}) if begun.error else None,
        "explain": explain,
        "field_labels": labels.FIELDS,
    }
