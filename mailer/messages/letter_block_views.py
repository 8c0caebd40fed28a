"""Blocks of a letter: added, moved, copied, deleted."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.input_limits import whole_number
from mailer.letters.document import Letter, PlacedBlock, added, blocks_from_json, moved, with_copies, without
from mailer.letters.kinds import KINDS
from mailer.letters.shapes import DocumentError
from mailer.limiting import per_user
from mailer.messages import letter_desk, letter_store
from mailer.messages.letter_desk import LetterWork, TooLarge, work_on
from mailer.messages.letter_store import TemplateRefused
from mailer.messages.letter_views import gone, own_letter, to_page
from mailer.messages.views import bp
from mailer.models.message import Message


@bp.post("/<int:message_id>/letter/add")
@login_required
def letter_add(message_id: int) -> ResponseReturnValue:
    """A new block, empty, after another one."""
    message = own_letter(message_id)
    kind = KINDS.get(request.form.get("kind", ""))
    if kind is None or request.form["kind"] == "unsubscribe":
        abort(400)
    return _with_block(message, lambda letter: added(letter, kind(), request.form.get("after")))


@bp.post("/<int:message_id>/letter/insert")
@login_required
@limiter.limit("120 per minute", key_func=per_user)
def letter_insert(message_id: int) -> ResponseReturnValue:
    """A copy of blocks that the owner keeps, after another block."""
    message = own_letter(message_id)
    number = request.form.get("own", type=whole_number)
    if number is None:
        abort(400)
    row = letter_store.own_blocks(message.owner_id, number)
    blocks = blocks_from_json(row.blocks)
    return _with_block(message, lambda letter: with_copies(letter, blocks, request.form.get("after")))


@bp.post("/<int:message_id>/letter/keep-blocks")
@login_required
@limiter.limit("60 per hour", key_func=per_user)
def keep_blocks(message_id: int) -> ResponseReturnValue:
    """Keep one or several blocks of the letter for others."""
    message = own_letter(message_id)
    first, last = request.form.get("first", ""), request.form.get("last", "")
    try:
        letter = work_on(message).letter
        letter_store.keep_blocks(current_user, request.form.get("name", ""), letter, first, last or first)
        flash(_("Saved: you can put a copy into any email."), "success")
    except TemplateRefused as refusal:
        flash(str(refusal), "danger")
    return to_page(message, part=first)


@bp.post("/<int:message_id>/letter/block/<block_id>")
@login_required
def letter_block(message_id: int, block_id: str) -> ResponseReturnValue:
    """Move a block (`act` is `up`, `down`, or `to` with a `place` from 0), `copy` or `delete` it."""
    message = own_letter(message_id)
    act = request.form.get("act", "")
    work = work_on(message)
    placed = work.letter.find(block_id)
    if placed is None:
        return gone(message)
    try:
        return _done_with_block(message, work, placed, act)
    except KeyError:  # another window was faster
        return gone(message)


def _done_with_block(message: Message, work: LetterWork, placed: PlacedBlock, act: str) -> ResponseReturnValue:
    block_id = placed.id
    if act == "copy":
        return _with_block(message, lambda letter: added(letter, placed.block, block_id, placed.shown))
    place = work.letter.place_of(block_id)
    if act == "delete":
        letter_desk.change(message, lambda letter: without(letter, block_id))
        flash_undo(_("Block deleted."), url_for("messages.letter_step", message_id=message.id, by="undo"))
        neighbour = work.letter.blocks[min(place + 1, len(work.letter.blocks) - 1)].id
        return to_page(message, part=neighbour if neighbour != block_id else "", focus=f"open-{neighbour}")
    if act not in {"up", "down", "to"}:
        abort(400)
    to = {"up": place - 1, "down": place + 1}.get(act)
    if to is None:
        to = request.form.get("place", place, type=whole_number)
    letter_desk.change(message, lambda letter: moved(letter, block_id, to))
    return to_page(message, part=request.form.get("part", ""), moved=block_id, focus=f"{act}-{block_id}")


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
        flash(_("An email can have up to 60 blocks."), "danger")
        return to_page(message)
    except TooLarge as refusal:
        flash(str(refusal), "danger")
        return to_page(message)
    return to_page(message, part=new_ids[-1], focus=f"open-{new_ids[-1]}")
