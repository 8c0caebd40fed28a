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
from mailer.errors import Conflict, choice_in
from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.input_limits import whole_number
from mailer.letters.compiling import Scheme
from mailer.letters.document import Letter, PlacedBlock, added, moved, without
from mailer.letters.kinds import KINDS
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
    message = _own(message_id)
    return editor_page(message, work_on(message), request.args.get("part", ""))


@bp.post("/<int:message_id>/letter/part/<part>")
@login_required
@limiter.limit("240 per minute", key_func=per_user)
def letter_part(message_id: int, part: str) -> ResponseReturnValue:
    """Keep what was typed into one part."""
    message = _own(message_id)
    work = work_on(message)
    current = letter_parts.value_of(work.letter, part)
    if current is None:
        return _gone(message)
    raw = plain(current) | posted(type(current), request.form)
    raw = with_item_act(type(current), raw, request.form.get("act", ""))
    if part == letter_parts.TEXT:
        raw = letter_parts.with_text_act(work.letter, raw, request.form.get("act", ""))
    try:
        value = letter_parts.read(type(current), raw)
        work = letter_desk.change(
            message,
            lambda letter: letter_parts.put(letter, part, value),
            touched=part,
            expects=lambda letter: _is_as_seen(letter, part, value),
        )
    except DocumentError as error:
        return _refused(message, part, Typed(raw, error.faults))
    except Conflict as refusal:
        return _refused(message, part, Typed(raw, [], is_conflict=True), str(refusal))
    except TooLarge as refusal:
        return _refused(message, part, Typed(raw, []), str(refusal))
    if part == letter_parts.THEME and "keep" in request.form:
        letter_store.keep_theme(current_user.id, value)
    return _kept(message, part, work)


@bp.post("/<int:message_id>/letter/add")
@login_required
def letter_add(message_id: int) -> ResponseReturnValue:
    """A new block, empty, after another one."""
    message = _own(message_id)
    kind = KINDS.get(request.form.get("kind", ""))
    if kind is None or request.form["kind"] == "unsubscribe":
        abort(400)
    return _with_block(message, lambda letter: added(letter, kind(), request.form.get("after")))


@bp.post("/<int:message_id>/letter/block/<block_id>")
@login_required
def letter_block(message_id: int, block_id: str) -> ResponseReturnValue:
    """Move a block (`act` is `up`, `down`, or `to` with a `place` from 0), `copy` or `delete` it."""
    message = _own(message_id)
    act = request.form.get("act", "")
    work = work_on(message)
    placed = work.letter.find(block_id)
    if placed is None:
        return _gone(message)
    try:
        return _done_with_block(message, work, placed, act)
    except KeyError:  # another window was faster
        return _gone(message)


def _done_with_block(message: Message, work: LetterWork, placed: PlacedBlock, act: str) -> ResponseReturnValue:
    block_id = placed.id
    if act == "copy":
        return _with_block(message, lambda letter: added(letter, placed.block, block_id))
    place = work.letter.place_of(block_id)
    if act == "delete":
        letter_desk.change(message, lambda letter: without(letter, block_id))
        flash_undo(_("Block deleted."), url_for("messages.letter_step", message_id=message.id, by="undo"))
        neighbour = work.letter.blocks[min(place + 1, len(work.letter.blocks) - 1)].id
        return _to_page(message, part=neighbour if neighbour != block_id else "", focus=f"open-{neighbour}")
    if act not in {"up", "down", "to"}:
        abort(400)
    to = {"up": place - 1, "down": place + 1}.get(act)
    if to is None:
        to = request.form.get("place", place, type=whole_number)
    letter_desk.change(message, lambda letter: moved(letter, block_id, to))
    return _to_page(message, part=request.form.get("part", ""), moved=block_id, focus=f"{act}-{block_id}")


@bp.post("/<int:message_id>/letter/step/<any(undo,redo):by>")
@login_required
def letter_step(message_id: int, by: str) -> ResponseReturnValue:
    """Undo the last change, or do it again."""
    message = _own(message_id)
    letter_desk.step(message, -1 if by == "undo" else 1)
    return _to_page(message, part=request.form.get("part", ""), focus=by)


@bp.post("/<int:message_id>/letter/save")
@login_required
def letter_save(message_id: int) -> ResponseReturnValue:
    """Let the message send what is on the desk."""
    message = _own(message_id)
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
    message = _own(message_id)
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
    message = _own(message_id)
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
    message = _own(message_id)
    letter_desk.go_on_as_html(message)
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
    return _to_page(message)


def _own(message_id: int) -> Message:
    """One's own message of blocks; 404 for one that is not made of them."""
    message = get_own_editable(Message, message_id, current_user)
    if message.kind is not MessageKind.BLOCKS:
        abort(404)
    return message


def _is_as_seen(letter: Letter, part: str, value: Any) -> bool:
    now = letter_parts.digest(letter_parts.value_of(letter, part))
    return now in {request.form.get("seen"), letter_parts.digest(value)}


def _with_block(message: Message, act: Any) -> ResponseReturnValue:
    """Answer to a change that brings a new block."""
    new_ids: list[str] = []

    def change(letter: Letter) -> Letter:
        longer, new_id = act(letter)
        new_ids.append(new_id)
        return longer

    try:
        letter_desk.change(message, change)
    except DocumentError:
        flash(_("A letter holds 60 blocks at most."), "danger")
        return _to_page(message)
    except TooLarge as refusal:
        flash(str(refusal), "danger")
        return _to_page(message)
    return _to_page(message, part=new_ids[-1], focus=f"open-{new_ids[-1]}")


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _kept(message: Message, part: str, work: LetterWork) -> ResponseReturnValue:
    if not _wants_json():
        act = request.form.get("act", "")
        return _to_page(message, part=part, focus=act if "item" in act else f"keep-{part}")
    placed = work.letter.find(part)
    return jsonify(
        saved=_("Kept at %(time)s.", time=format_time(utcnow(), "short")),
        seen=letter_parts.digest(letter_parts.value_of(work.letter, part)),
        revision=work.revision,
        words=first_words(placed) if placed is not None else None,
    )


def _refused(message: Message, part: str, typed: Typed, why: str = "") -> ResponseReturnValue:
    status = 409 if typed.is_conflict else 422
    if _wants_json():
        return jsonify(
            error=why or _("This is not kept yet: look at the fields."), faults=_by_field(typed.faults)
        ), status
    if why and not typed.is_conflict:
        flash(why, "danger")
    return editor_page(message, work_on(message), part, typed), status


def _by_field(faults: list[ValueFault]) -> dict[str, str]:
    return {fault.field: fault_text(fault) for fault in faults}


def _gone(message: Message) -> ResponseReturnValue:
    if _wants_json():
        return jsonify(error=_("This block is no longer in the letter.")), 409
    flash(_("This block is no longer in the letter. Undoing may bring it back."), "warning")
    return _to_page(message)


def _to_page(message: Message, **arguments: Any) -> ResponseReturnValue:
    arguments = {name: value for name, value in arguments.items() if value}
    return redirect(url_for("messages.letter", message_id=message.id, **arguments), 303)
