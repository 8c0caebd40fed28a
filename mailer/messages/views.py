"""Pages of messages: list, form with a live preview, message page, test mail."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required

from mailer.access import Permission, get_own_editable, get_visible, requires
from mailer.composing.check import check_body
from mailer.composing.html import text_from_html
from mailer.errors import Conflict, choice_in, order_in
from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.form_refill import is_refilled
from mailer.forms import name_of_copy
from mailer.input_limits import page_number
from mailer.limiting import per_user
from mailer.messages import queries, services
from mailer.messages.forms import MessageForm
from mailer.messages.labels import placeholder_labels
from mailer.messages.preview import Look, look_at
from mailer.messages.services import CopiedMessage, MessageDraft, MessageInUse, MessageRefused
from mailer.messages.text_halves import has_own_text, is_stale
from mailer.models.client import Client
from mailer.models.message import Message, MessageKind
from mailer.owner_filter import whose_asked
from mailer.searching import searched
from mailer.sending.attachments import files_of
from mailer.sending.senders import own_address, own_addresses
from mailer.sending.test_mail import send_trial

bp = Blueprint("messages", __name__, url_prefix="/messages")

STALE_TEXT = _l("The email has changed since its plain text was written by hand: check that it still says the same.")
# For the HTML of a mail: pictures and its own styles, nothing that runs, and only inside a page of ours.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; font-src https:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)


@bp.get("")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> str:
    """The list."""
    search = searched(request.args)
    sort, order = choice_in(request.args, "sort", queries.SORTS, "updated"), order_in(request.args)
    whose = whose_asked(request.args, current_user)
    page = queries.messages_page(whose, search, sort, order, page_number())
    return render_template("messages/index.html", page=page, whose=whose, q=search, sort=sort, order=order)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def create() -> ResponseReturnValue:
    """An empty form, and a new message."""
    return _edit_form(MessageForm(), None)


@bp.get("/<int:message_id>/copy")
@login_required
def copy(message_id: int) -> ResponseReturnValue:
    """The form of a new message, filled in from another."""
    original = get_own_editable(Message, message_id, current_user)
    if original.kind is MessageKind.BLOCKS:
        return redirect(url_for("messages.choose"), 303)  # which offers copies of earlier letters
    form = MessageForm(formdata=None, obj=original)
    form.name.data = original.name and name_of_copy(original.name, 150)
    form.version.data, form.copied_from.data = "", str(original.id)
    return _render_form(form, None)


@bp.get("/<int:message_id>")
@login_required
def show(message_id: int) -> str:
    """The message as a client would get it."""
    message = get_visible(Message, message_id, current_user)
    search = searched(request.args, "client_q")
    client = queries.client_to_look_as(message.owner_id, request.args.get("client"))
    look = _look_at_saved(message, request.args.get("client"))
    return render_template(
        "messages/show.html",
        message=message,
        owner=queries.owner_of(message),
        look=look,
        html_url=look.mail.html
        and url_for("messages.preview_html", message_id=message.id, client=client and client.id),
        client=client,
        client_q=search,
        clients=_with_chosen(queries.clients_to_look_as(message.owner_id, search), client),
        files=files_of(message),
        has_own_text=has_own_text(message),
        text_is_stale=is_stale(message),
        mailings=queries.mailings_using(message),
        is_own=message.owner_id == current_user.id,
        addresses=own_addresses(message.owner_id),
        may_change=message.owner_id == current_user.id and current_user.can(Permission.SEND),
    )


@bp.route("/<int:message_id>/edit", methods=["GET", "POST"])
@login_required
def edit(message_id: int) -> ResponseReturnValue:
    """The form of a message, and the change."""
    message = get_own_editable(Message, message_id, current_user)
    if message.kind is MessageKind.BLOCKS:
        return redirect(url_for("messages.letter", message_id=message.id), 303)
    return _edit_form(MessageForm(obj=message), message)


@bp.post("/<int:message_id>/delete")
@login_required
def delete(message_id: int) -> ResponseReturnValue:
    """Hide a message, with a way back."""
    message = get_own_editable(Message, message_id, current_user)
    try:
        services.delete_message(message)
    except MessageInUse as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("messages.show", message_id=message_id), 303)
    flash_undo(_("Message deleted."), url_for("messages.restore", message_id=message_id))
    return redirect(url_for("messages.index"), 303)


@bp.post("/<int:message_id>/restore")
@requires(Permission.SEND)
def restore(message_id: int) -> ResponseReturnValue:
    """Bring a deleted message back."""
    services.restore_message(queries.deleted_message(current_user, message_id))
    flash(_("Message restored."), "success")
    return redirect(url_for("messages.show", message_id=message_id), 303)


@bp.post("/<int:message_id>/test")
@login_required
@limiter.limit("20 per hour", key_func=per_user)
def send_test(message_id: int) -> ResponseReturnValue:
    """Send the message to an address the author has confirmed, as the chosen client would get it."""
    message = get_own_editable(Message, message_id, current_user)
    client = queries.client_to_look_as(message.owner_id, request.form.get("client"))
    to = own_address(current_user.id, queries.id_or_none(request.form.get("to")))
    row = send_trial(
        message,
        current_user,
        client,
        mailing=queries.mailing_using(message, queries.id_or_none(request.form.get("mailing"))),
        to=to,
        marks_subject="marks_subject" in request.form,
    )
    flash(_("The test email is on its way to %(address)s.", address=row.to_email), "success")
    return redirect(url_for("messages.show", message_id=message_id, client=client and client.id), 303)


@bp.get("/<int:message_id>/html")
@login_required
def preview_html(message_id: int) -> Response:
    """The HTML of a saved message, for the frame on its page."""
    message = get_visible(Message, message_id, current_user)
    return as_mail(_look_at_saved(message, request.args.get("client")).mail.html or "")


def _edit_form(form: MessageForm, message: Message | None) -> ResponseReturnValue:
    if not form.is_submitted():
        return _render_form(form, message)
    if (act := request.form.get("text_act")) and not check_body("", form.html_body.data or ""):
        form.text_body.data = text_from_html(form.html_body.data or "").strip() if act == "take" else ""
        return _render_form(form, message)
    is_valid = form.validate()
    if is_refilled():
        _remark(form)
    if not is_valid:
        return _render_form(form, message), 422
    attributes = queries.attribute_names(current_user.id)
    original = _original(form, message)
    try:
        saved, removed = services.save_message(
            current_user,
            form.draft(),
            attributes,
            message,
            form.opened_version if message else None,
            CopiedMessage(original, bool(form.takes_files.data)) if original is not None else None,
        )
    except MessageRefused as refusal:
        for name, reasons in refusal.reasons.items():
            form[name].errors = [*form[name].errors, *reasons]
        return _render_form(form, message), 422
    except Conflict as refusal:
        flash(str(refusal), "warning")
        form.version.data = form.version.raw_data = None
        return _render_form(form, message), 409
    flash(_("Message saved."), "success")
    if removed:
        flash(_("Emails cannot contain this, so it was removed: %(what)s", what=", ".join(removed[:20])), "warning")
    if is_stale(saved):
        flash(STALE_TEXT, "warning")
    return redirect(url_for("messages.show", message_id=saved.id), 303)


def _remark(form: MessageForm) -> None:
    """Say of a draft what would be refused; nothing of it stands in the way of keeping it."""
    draft = form.draft()
    draft = draft if draft.subject.strip() else replace(draft, subject="-")  # that it is missing is said already
    try:
        draft.checked(queries.attribute_names(current_user.id))
    except MessageRefused as refusal:
        for name, reasons in refusal.reasons.items():
            form[name].errors = list(dict.fromkeys([*form[name].errors, *reasons]))


def _render_form(form: MessageForm, message: Message | None) -> str:
    if message is not None and not form.version.data:
        form.version.data = str(message.version)
    original = _original(form, message)
    return render_template(
        "messages/form.html",
        form=form,
        message=message,
        copied_files=files_of(original) if original is not None else [],
        is_plain=_is_plain(form, message or original),
        text_is_stale=any(is_stale(one) for one in (message, original) if one is not None),
        attributes=queries.attribute_names(current_user.id),
        placeholders=placeholder_labels(),
        clients=queries.clients_to_look_as(current_user.id, ""),
    )


def _original(form: MessageForm, message: Message | None) -> Message | None:
    """What a new message was copied from."""
    return queries.copied_message(current_user, form.copied_from.data) if message is None else None


def _is_plain(form: MessageForm, message: Message | None) -> bool:
    """Whether the form asks for words alone."""
    asked = request.args.get("as") == "text" if message is None else message.kind is MessageKind.TEXT
    return asked and not (form.html_body.data or "").strip()


def _look_at_saved(message: Message, client_id: str | None) -> Look:
    client = queries.client_to_look_as(message.owner_id, client_id)
    saved = MessageDraft(
        message.subject,
        message.html_body,
        message.text_body,
        message.name,
        message.language,
        renderer=message.renderer,
        conditions=message.conditions or {},
    )
    return look_at(saved, queries.owner_of(message), client)


def _with_chosen(clients: list[Client], client: Client | None) -> list[Client]:
    return clients if client is None or client in clients else [client, *clients]


def as_mail(html: str) -> Response:
    """The HTML of a mail, for a frame: it may show pictures and its own styles, and nothing in it runs."""
    response = make_response(html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response
