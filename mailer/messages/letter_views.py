"""The block editor. Every form of it works without script; with it, what is typed is kept by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import get_own_editable
from mailer.clock import utcnow
from mailer.composing.placeholders import PlaceholderError
from mailer.errors import Conflict, Refusal, choice_in
from mailer.extensions import limiter
from mailer.letters.compiling import Scheme
from mailer.letters.document import Letter
from mailer.letters.shapes import DocumentError, ValueFault, plain
from mailer.limiting import per_user
from mailer.long_work import previewing
from mailer.messages import letter_desk, letter_parts, letter_store, queries
from mailer.messages.letter_desk import LetterWork, TooLarge, work_on
from mailer.messages.letter_fields import posted, with_item_act
from mailer.messages.letter_labels import fault_text, first_words
from mailer.messages.letter_page import Typed, editor_page
from mailer.messages.preview import look_at
from mailer.messages.services import MessageRefused
from mailer.messages.text_halves import is_stale
from mailer.messages.views import STALE_TEXT, as_mail, bp
from mailer.models.message import Message, MessageKind


@bp.get("/<int:message_id>/letter")
@login_required
def letter(message_id: int) -> ResponseReturnValue:
    """The editor, with one part of the letter open."""
    message = own_letter(message_id)
    return editor_page(message, work_on(message), request.args.get("part", ""))


@bp.post("/<int:message_id>/letter/part/<part>")
@login_required
@limiter.limit("240 per minute", key_func=per_user)
def letter_part(message_id: int, part: str) -> ResponseReturnValue:
    """Keep what was typed into one part."""
    message = own_letter(message_id)
    work = work_on(message)
    current = letter_parts.value_of(work.letter, part)
    if current is None:
        return gone(message)
    raw = plain(current) | posted(type(current), request.form)
    raw = with_item_act(type(current), raw, request.form.get("act", ""))
    if part == letter_parts.TEXT:
        raw = letter_parts.with_text_act(work.letter, raw, request.form.get("act", ""))
    try:
        value = letter_parts.read(type(current), raw)
        shown = letter_parts.read_shown(request.form.get("shown"), queries.segments_of(message.owner_id))
        work = letter_desk.change(
            message,
            lambda letter: letter_parts.put(letter, part, value, shown),
            touched=part,
            expects=lambda letter: _is_as_seen(letter, part, value),
        )
    except DocumentError as error:
        return _refused(message, part, Typed(raw, error.faults, shown=request.form.get("shown")))
    except Conflict as refusal:
        return _refused(message, part, Typed(raw, [], is_conflict=True, shown=request.form.get("shown")), str(refusal))
    except TooLarge as refusal:
        return _refused(message, part, Typed(raw, []), str(refusal))
    if part == letter_parts.THEME and "keep" in request.form:
        letter_store.keep_theme(current_user.id, value)
    return _kept(message, part, work)


@bp.post("/<int:message_id>/letter/step/<any(undo,redo):by>")
@login_required
def letter_step(message_id: int, by: str) -> ResponseReturnValue:
    """Undo the last change, or do it again."""
    message = own_letter(message_id)
    letter_desk.step(message, -1 if by == "undo" else 1)
    return to_page(message, part=request.form.get("part", ""), focus=by)


@bp.post("/<int:message_id>/letter/save")
@login_required
def letter_save(message_id: int) -> ResponseReturnValue:
    """Let the message send what is on the desk."""
    message = own_letter(message_id)
    try:
        letter_desk.save(message, queries.attribute_names(current_user.id))
    except MessageRefused as refusal:
        return editor_page(message, work_on(message), "head", problems=refusal.reasons["letter"]), 422
    flash(_("Message saved."), "success")
    if is_stale(message):
        flash(STALE_TEXT, "warning")
    return redirect(url_for("messages.show", message_id=message.id), 303)


@bp.get("/<int:message_id>/letter/preview")
@login_required
@previewing.on()
def letter_preview(message_id: int) -> Response:
    """The letter on the desk as a client would get it, for the frame beside the editor."""
    message = own_letter(message_id)
    scheme = Scheme(choice_in(request.args, "scheme", set(Scheme), "light"))
    client = queries.client_to_look_as(message.owner_id, request.args.get("client"))
    draft = letter_desk.draft_of(work_on(message).letter, scheme, anchors=True)
    try:
        look = look_at(replace(draft, subject=draft.subject or "-"), current_user, client)
    except PlaceholderError:
        return as_mail(draft.html_body)  # braces that are no placeholder, shown as they stand
    return as_mail(look.mail.html)


@bp.get("/<int:message_id>/letter/inboxes")
@login_required
@previewing.on()
def letter_inboxes(message_id: int) -> str:
    """A piece of page: the letter on the desk in lists of mails, and its plain text, as a client would find them."""
    message = own_letter(message_id)
    client = queries.client_to_look_as(message.owner_id, request.args.get("client"))
    draft = letter_desk.draft_of(work_on(message).letter)
    try:
        look = look_at(replace(draft, subject=draft.subject or _("(no subject)")), current_user, client)
    except PlaceholderError:
        look = None  # the page says what is wrong with it
    return render_template("messages/_letter_beside.html", look=look)


@bp.post("/<int:message_id>/letter/html")
@login_required
def letter_to_html(message_id: int) -> ResponseReturnValue:
    """Go on with the HTML; the blocks are kept."""
    message = own_letter(message_id)
    try:
        letter_desk.go_on_as_html(message)
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return to_page(message)
    flash(_("The message is HTML now. Its blocks are kept: you can go back to them."), "success")
    return redirect(url_for("messages.edit", message_id=message.id), 303)


@bp.post("/<int:message_id>/letter/blocks")
@login_required
def letter_to_blocks(message_id: int) -> ResponseReturnValue:
    """Back to the blocks as they were last saved or typed; what was changed in the HTML is dropped."""
    message = get_own_editable(Message, message_id, current_user)
    if message.document is None:
        abort(404)
    try:
        letter_desk.save(message, queries.attribute_names(current_user.id))
    except MessageRefused as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("messages.edit", message_id=message.id), 303)
    return to_page(message)


def own_letter(message_id: int) -> Message:
    """One's own message of blocks; 404 for one that is not made of them."""
    message = get_own_editable(Message, message_id, current_user)
    if message.kind is not MessageKind.BLOCKS:
        abort(404)
    return message


def _is_as_seen(letter: Letter, part: str, value: Any) -> bool:
    now = letter_parts.digest(letter_parts.value_of(letter, part))
    return now in {request.form.get("seen"), letter_parts.digest(value)}


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _kept(message: Message, part: str, work: LetterWork) -> ResponseReturnValue:
    if not _wants_json():
        act = request.form.get("act", "")
        if act == "next":
            return to_page(message, part=letter_parts.after(work.letter, part), focus="first")
        return to_page(message, part=part, focus=act if "item" in act else f"keep-{part}")
    placed = work.letter.find(part)
    return jsonify(
        saved=_("Saved at %(time)s.", time=format_time(utcnow(), "short")),
        seen=letter_parts.digest(letter_parts.value_of(work.letter, part)),
        revision=work.revision,
        words=first_words(placed) if placed is not None else None,
    )


def _refused(message: Message, part: str, typed: Typed, why: str = "") -> ResponseReturnValue:
    status = 409 if typed.is_conflict else 422
    if _wants_json():
        return jsonify(error=why or _("Not saved yet: check the fields."), faults=_by_field(typed.faults)), status
    if why and not typed.is_conflict:
        flash(why, "danger")
    return editor_page(message, work_on(message), part, typed), status


def _by_field(faults: list[ValueFault]) -> dict[str, str]:
    return {fault.field: fault_text(fault) for fault in faults}


def gone(message: Message) -> ResponseReturnValue:
    """Answer to an act upon a block that is no longer there."""
    if _wants_json():
        return jsonify(error=_("This block is no longer in the email.")), 409
    flash(_("This block is no longer in the email. Undo may bring it back."), "warning")
    return to_page(message)


def to_page(message: Message, **arguments: Any) -> ResponseReturnValue:
    """Back to the editor."""
    arguments = {name: value for name, value in arguments.items() if value}
    return redirect(url_for("messages.letter", message_id=message.id, **arguments), 303)
