"""Pages of clients: the list, one client, and what is done to one."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from mailer import owner_choices
from mailer.access import Permission, get_own_deleted, get_own_editable, get_visible, requires
from mailer.clients import listing, queries, services, subscription
from mailer.clients.asked import args_of, choice_in
from mailer.clients.blueprint import bp
from mailer.clients.client_form import ClientForm, client_form
from mailer.clients.duplicates.apart import former_values, merged_into
from mailer.clients.duplicates.views import bp as duplicates
from mailer.clients.evidence import evidence_of, imports_of
from mailer.clients.exporting import table_of
from mailer.clients.field_labels import shown_value, values_shown
from mailer.clients.field_views import bp as fields
from mailer.clients.history import history_of
from mailer.clients.importing.views import bp as imports
from mailer.clients.in_series import ways_of
from mailer.clients.merged import present_id
from mailer.clients.segment_views import bp as segments
from mailer.clients.tag_views import bp as tags
from mailer.clock import today_in
from mailer.composing.languages import offered
from mailer.downloads import csv_download
from mailer.errors import Conflict, Refusal
from mailer.flashes import flash_undo, refusal_flashed
from mailer.models.client import Client
from mailer.segments.fields import fields_of

# Whoever is signed in may ask for one client: the loader answers 404 or 403.
bp.register_blueprint(duplicates)
bp.register_blueprint(fields)
bp.register_blueprint(imports)
bp.register_blueprint(segments)
bp.register_blueprint(tags)


@bp.get("/")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> str:
    """The list of one's own; those who oversee can ask for others', and get everybody's where they have none."""
    choice = choice_in(request.args)
    page = listing.page_of_clients(choice, current_user)
    whose = queries.whose_of(choice, current_user)
    return render_template(
        "clients/index.html",
        page=page,
        choice=choice,
        tags=owner_choices.tags(whose.owner_id),
        args=args_of(choice),
        filters=queries.filters_of(current_user),
        suppressions=queries.suppressions_of(page.items),
        owners={} if whose.is_own else queries.owners_of(page.items),
        whose=whose,
        owner=None if whose.is_own else whose.owner,
        may_change=whose.is_own and current_user.can(Permission.SEND),
        columns=queries.columns_of(whose.owner_id),
        languages=offered(str(get_locale())),
        shown_value=shown_value,
    )


@bp.get("/export")
@requires(Permission.SEND)
def export() -> Response:
    """The chosen clients as a CSV file."""
    choice = choice_in(request.args)
    name = f"clients-{today_in(current_user.timezone)}.csv"
    return csv_download(name, lambda session: table_of(choice, current_user, session))


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def new() -> ResponseReturnValue:
    """Add a client."""
    form = _form()
    if not form.is_submitted():
        return render_template("clients/edit.html", form=form, client=None)
    if form.validate():
        try:
            client = services.create_client(current_user, form.values(None))
        except services.AddressTaken as taken:
            form.email.errors = [str(taken)]
        else:
            flash(_("Client added."), "success")
            return redirect(url_for("clients.show", client_id=client.id), 303)
    return render_template("clients/edit.html", form=form, client=None), 422


@bp.get("/<int:client_id>")
@requires(*Permission)
def show(client_id: int) -> ResponseReturnValue:
    """One client: details, whether they may be written to, every delivery and attempt."""
    client = get_visible(Client, present_id(client_id), current_user)
    if client.id != client_id:  # merged into this one
        return redirect(url_for("clients.show", client_id=client.id), 302)
    return render_template(
        "clients/show.html",
        client=client,
        suppression=subscription.suppression_of(client),
        history=history_of(client),
        evidence=evidence_of(client),
        brought_by=imports_of(client),
        merged=merged_into(client),
        merged_former=former_values,
        merged_values=values_shown,
        series=ways_of(client),
        values=values_shown(client),
        may_change=client.owner_id == current_user.id and current_user.can(Permission.SEND),
        owner=queries.owners_of([client])[client.owner_id],
    )


@bp.route("/<int:client_id>/edit", methods=["GET", "POST"])
@requires(*Permission)
def edit(client_id: int) -> ResponseReturnValue:
    """Change a client; a version that is no longer the present one comes back with 409 and the text kept."""
    client = get_own_editable(Client, client_id, current_user)
    if request.method != "POST":
        return render_template("clients/edit.html", form=_form(client), client=client)
    form = _form()
    status = 422
    if form.validate():
        try:
            services.change_client(client, form.values(client), form.version.data or 0)
        except services.AddressTaken as taken:
            form.email.errors = [str(taken)]
        except Conflict as changed:
            status = 409
            client = get_own_editable(Client, client_id, current_user)
            form.version.data, form.version.raw_data = client.version, None
            flash(str(changed), "warning")
        else:
            flash(_("Changes saved."), "success")
            return redirect(url_for("clients.show", client_id=client_id), 303)
    return render_template("clients/edit.html", form=form, client=client, is_stale=status == 409), status


@bp.post("/<int:client_id>/delete")
@requires(*Permission)
def delete(client_id: int) -> ResponseReturnValue:
    """Take a client off the list, with a way back."""
    client = get_own_editable(Client, client_id, current_user)
    services.delete_client(client)
    undo = url_for("clients.restore", client_id=client_id)
    flash_undo(_("Client deleted."), undo)
    return redirect(url_for("clients.index"), 303)


@bp.post("/<int:client_id>/restore")
@requires(Permission.SEND)
def restore(client_id: int) -> ResponseReturnValue:
    """Bring a deleted client back."""
    client = get_own_deleted(Client, client_id, current_user)
    try:
        services.restore_client(client)
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("clients.index"), 303)
    flash(_("Client restored."), "success")
    return redirect(url_for("clients.show", client_id=client_id), 303)


@bp.post("/<int:client_id>/suppress")
@requires(*Permission)
def suppress(client_id: int) -> ResponseReturnValue:
    """Never write to this address."""
    subscription.suppress(get_own_editable(Client, client_id, current_user))
    flash(_("Mailings no longer go to this address."), "success")
    return redirect(url_for("clients.show", client_id=client_id), 303)


@bp.post("/<int:client_id>/unsuppress")
@requires(*Permission)
def unsuppress(client_id: int) -> ResponseReturnValue:
    """Write to this address again."""
    with refusal_flashed():
        subscription.lift_suppression(get_own_editable(Client, client_id, current_user))
        flash(_("Mailings go to this address again."), "success")
    return redirect(url_for("clients.show", client_id=client_id), 303)


def _form(client: Client | None = None) -> ClientForm:
    fields = fields_of(current_user.id, with_archived=True)
    archived = [field.key for field in fields if field.archived_at is not None]
    return client_form([field for field in fields if field.archived_at is None], archived, client)
