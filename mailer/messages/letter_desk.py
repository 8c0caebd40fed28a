"""Work on a letter of blocks: every change is kept as a version at once; what is sent changes when it is saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from mailer.clock import utcnow
from mailer.composing.check import BODY_SIZE, check_body, check_subject
from mailer.composing.placeholders import PlaceholderError, gate_name, parse, without_gates
from mailer.errors import Conflict, Refusal, undone_when_refused
from mailer.extensions import db
from mailer.letters.compiling import COMPILER, Compiler, Scheme, picture_addresses
from mailer.letters.document import EVERYBODY, Letter, PlacedBlock, from_json, to_json
from mailer.letters.text_half import text_of
from mailer.locks import FOR_CHANGE, lock_row
from mailer.messages.copies import lay_out, take_files
from mailer.messages.labels import by_field, problem_text
from mailer.messages.letter_labels import block_title, lost_segment_text
from mailer.messages.services import MessageDraft, MessageRefused
from mailer.models.letter import LetterDesk, LetterVersion
from mailer.models.message import Message, MessageKind
from mailer.models.user import User
from mailer.sending.parts_for_some import can_be_used

MOST_VERSIONS = 50
MOST_BYTES = BODY_SIZE  # of a letter as JSON: what it becomes may be no larger either
JOINED_FOR = timedelta(seconds=10)  # typing in one part becomes one step of undoing


class TooLarge(Refusal):
    """The letter would hold more than it may."""


@dataclass(frozen=True, slots=True)
class LetterWork:
    """A letter on the desk. `revision` tells whether a page shows the latest."""

    letter: Letter
    revision: int
    can_undo: bool
    can_redo: bool
    is_saved: bool  # whether the message sends just this


def begin(owner: User, letter: Letter, original: Message | None = None) -> Message:
    """A new message of that letter, and its desk; of a copy with the files of the `original`. Raises MessageRefused."""
    message = Message(owner_id=owner.id, kind=MessageKind.BLOCKS)
    _write(message, letter, None)
    db.session.add(message)
    db.session.flush()
    lay_out(message, to_json(letter))
    if original is not None:
        message.inlines_pictures = original.inlines_pictures
        take_files(message, original)
    db.session.commit()
    return message


def work_on(message: Message) -> LetterWork:
    """The letter as it stands. 404 for a message that has none."""
    desk = db.get_or_404(LetterDesk, message.id)
    return _work(desk, from_json(_version(desk).document))


def _work(desk: LetterDesk, letter: Letter) -> LetterWork:
    numbers = select(func.min(LetterVersion.number), func.max(LetterVersion.number))
    first, last = db.session.execute(numbers.where(LetterVersion.message_id == desk.message_id)).one()
    return LetterWork(letter, desk.revision, desk.number > first, desk.number < last, desk.number == desk.saved_number)


@undone_when_refused
def change(
    message: Message,
    act: Callable[[Letter], Letter],
    *,
    touched: str = "",
    expects: Callable[[Letter], bool] | None = None,
) -> LetterWork:
    """Keep what `act` makes of the letter. `touched` names the part that is typed in.

    Raises Conflict when `expects` finds that the letter is no longer what the person saw, TooLarge when it would grow
    beyond `MOST_BYTES`, DocumentError when it could not be read again; what `act` raises passes.
    """
    desk = _locked(message)
    current = _version(desk)
    before = from_json(current.document)
    if expects is not None and not expects(before):
        raise Conflict(_("This has changed in the meantime, in another window or by undoing."))
    after = act(before)
    if after != before:
        _require_room(before, after)
        from_json(to_json(after))  # a version that cannot be read would shut its owner out of the letter
        _keep(desk, current, after, touched)
    work = _work(desk, after)
    db.session.commit()
    return work


def step(message: Message, by: int) -> LetterWork:
    """Undo (-1) or do again (1); nothing where there is no such version."""
    desk = _locked(message)
    if db.session.get(LetterVersion, (message.id, desk.number + by)) is not None:
        desk.number += by
        desk.revision += 1
    db.session.commit()
    return work_on(message)


@undone_when_refused
def save(message: Message, attributes: Collection[str]) -> None:
    """Let the message send what is on the desk. Raises MessageRefused for what cannot be a mail."""
    desk = _locked(message)
    lock_row(message, FOR_CHANGE)
    _write(message, from_json(_version(desk).document), attributes)
    message.kind = MessageKind.BLOCKS
    desk.saved_number = desk.number
    db.session.commit()


@undone_when_refused
def go_on_as_html(message: Message) -> None:
    """From now on the message is the HTML that its blocks made; they are kept, to go back to.

    Raises Refusal for a letter with blocks for some only: in HTML they would be for all.
    """
    lock_row(message, FOR_CHANGE)
    if message.conditions:
        raise Refusal(
            _("Some blocks are not for everybody, and HTML cannot say so. Show them to everybody first, and save.")
        )
    message.kind = MessageKind.HTML
    own = from_json(message.document).text
    if not own.words.strip():
        message.text_body = ""  # made of the HTML from now on, as it was of the blocks
    message.text_written_for = None
    db.session.commit()


def compiled(letter: Letter, scheme: Scheme = Scheme.AUTO, *, anchors: bool = False) -> str:
    """The HTML document of a letter, its pictures at their public addresses."""
    config = current_app.config
    addresses = picture_addresses(config["SITE_URL"], config["MEDIA_URL"])
    return Compiler(addresses, scheme, anchors).compile(letter)


def draft_of(letter: Letter, scheme: Scheme = Scheme.AUTO, *, anchors: bool = False) -> MessageDraft:
    """The letter as a message would hold it."""
    head = letter.head
    return MessageDraft(
        head.subject,
        compiled(letter, scheme, anchors=anchors),
        text_of(letter),
        head.name,
        head.language,
        conditions=conditions_of(letter),
    )


def conditions_of(letter: Letter) -> dict[str, Any]:
    """Whom its blocks are for, where they are not for everybody: trees by the names of their gates."""
    some = [each for each in letter.blocks if each.shown != EVERYBODY]
    return {gate_name(each.id): condition_of_block(each) for each in some}


def condition_of_block(placed: PlacedBlock) -> dict[str, Any]:
    """The tree of a block that is for some only."""
    if placed.shown.op == "meet":
        return dict(json.loads(placed.shown.tree))
    return {"v": 1, "all": [{"what": "segment", "op": placed.shown.op, "value": placed.shown.segment}]}


def problems_of(letter: Letter, owner: User, attributes: Collection[str] | None) -> list[str]:
    """What keeps the letter from being a mail, as sentences."""
    lost = [block_title(each) for each in blocks_of_nobody(letter, owner)]
    typed = replace(draft_of(letter), text_body=letter.text.words)  # what the blocks say is looked at in the HTML
    return [*_problems_in(typed, attributes), *map(lost_segment_text, lost)]


def blocks_of_nobody(letter: Letter, owner: User) -> list[PlacedBlock]:
    """The blocks for some that nobody can get: their segment or a field is gone, or no condition is named."""
    some = [each for each in letter.blocks if each.shown != EVERYBODY]
    return [each for each in some if not can_be_used(owner, condition_of_block(each))]


def _problems_in(draft: MessageDraft, attributes: Collection[str] | None) -> list[str]:
    reasons = by_field([*check_subject(draft.subject), *check_body(draft.text_body, draft.html_body)])
    found = [reason for each in reasons.values() for reason in each]
    halves = (draft.subject, False), (without_gates(draft.html_body), True), (draft.text_body, False)
    for text, is_markup in halves:
        try:
            parse(text, attributes, markup=is_markup)
        except PlaceholderError as error:
            found += [problem_text(problem, "subject") for problem in error.problems]
    return list(dict.fromkeys(found))


def _write(message: Message, letter: Letter, attributes: Collection[str] | None) -> None:
    draft = draft_of(letter)
    if attributes is None:  # a copy: what is to be chosen anew in it is said on its page
        found = _problems_in(draft, None)
    else:
        found = problems_of(letter, db.session.get_one(User, message.owner_id), attributes)
    if found:
        raise MessageRefused({"letter": found})
    message.subject, message.name, message.language = draft.subject, draft.name, draft.language
    message.html_body, message.text_body = draft.html_body, draft.text_body
    message.conditions = draft.conditions or None
    message.document, message.compiled_by, message.renderer = to_json(letter), COMPILER, draft.renderer


def _require_room(before: Letter, after: Letter) -> None:
    size = _size_of(after)
    if size > max(MOST_BYTES, _size_of(before)):  # what is too large already may become smaller
        sizes = {"size": format_decimal(round(size / 1024)), "limit": format_decimal(MOST_BYTES // 1024)}
        raise TooLarge(_("The email would be too large: %(size)s KB, %(limit)s KB at most.", **sizes))


def _size_of(letter: Letter) -> int:
    return len(json.dumps(to_json(letter), ensure_ascii=False).encode())


def _locked(message: Message) -> LetterDesk:
    desk: LetterDesk = db.get_or_404(LetterDesk, message.id)
    lock_row(desk, FOR_CHANGE)
    return desk


def _version(desk: LetterDesk) -> LetterVersion:
    return db.session.get_one(LetterVersion, (desk.message_id, desk.number))


def _keep(desk: LetterDesk, current: LetterVersion, after: Letter, touched: str) -> None:
    """The version in place of what was undone before it, or joined with the one before."""
    versions = delete(LetterVersion).where(LetterVersion.message_id == desk.message_id)
    db.session.execute(versions.where(LetterVersion.number > desk.number))
    desk.revision += 1
    is_typing_on = touched and current.touched == touched and utcnow() - current.saved_at < JOINED_FOR
    if is_typing_on and desk.number not in (1, desk.saved_number):
        current.document = to_json(after)
        return
    desk.number += 1
    if desk.saved_number >= desk.number:
        desk.saved_number = 0  # the version that is sent was undone, and is gone from the desk
    db.session.add(
        LetterVersion(
            message_id=desk.message_id,
            owner_id=desk.owner_id,
            number=desk.number,
            document=to_json(after),
            touched=touched,
        )
    )
    db.session.execute(versions.where(LetterVersion.number <= desk.number - MOST_VERSIONS))
