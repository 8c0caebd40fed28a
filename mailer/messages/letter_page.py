"""What the page of the block editor shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from mailer.letters.document import EVERYBODY, Letter
from mailer.letters.kinds import KINDS as ALL_KINDS
from mailer.letters.kinds import UnsubscribeBlock
from mailer.letters.remarks import remarks
from mailer.letters.shapes import ValueFault, plain
from mailer.letters.starters import examples_left
from mailer.letters.text_half import is_stale
from mailer.messages import letter_labels, letter_parts, letter_people, letter_store, queries
from mailer.messages.labels import placeholder_labels
from mailer.messages.letter_desk import LetterWork, problems_of
from mailer.messages.letter_fields import fields_of
from mailer.messages.letter_labels import ICONS, INKS, KINDS, SIZES, block_title, first_words, kind_label, shown_label
from mailer.models.message import Message

UNASKED = ("starter", "written_for")  # fields of parts that are no business of a form


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that could not be taken: what it said, and why not."""

    raw: dict[str, Any]
    faults: list[ValueFault]
    is_conflict: bool = False
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block in the list."""

    id: str
    label: str
    words: str
    icon: str
    is_fixed: bool
    is_first: bool
    is_last: bool
    remarks: list[str]
    title: str  # what its buttons call it
    audience: str  # whom it is for, if not for everybody


def editor_page(
    message: Message, work: LetterWork, part: str, typed: Typed | None = None, problems: list[str] | None = None
) -> str:
    """The whole page, with `part` open; a form that was refused is shown as it was typed."""
    value = letter_parts.value_of(work.letter, part)
    part, value = (part, value) if value is not None else (letter_parts.HEAD, work.letter.head)
    kind, raw = type(value), typed.raw if typed else plain(value)
    names = queries.attribute_names(current_user.id)
    if problems is None:
        problems = problems_of(work.letter, queries.owner_of(message), names) if work.letter.head.subject else []
    segments = queries.segments_of(message.owner_id)
    words = letter_people.words_of(work.letter, queries.owner_of(message))
    rows = _rows(work.letter, segments, words)
    return render_template(
        "messages/letter.html",
        message=message,
        work=work,
        rows=rows,
        said=_said(work.letter),
        part=part,
        open_row=next((row for row in rows if row.id == part), None),
        next_row=next((row for row in rows if row.id == letter_parts.after(work.letter, part)), None),
        segments=segments,
        own_conditions=words.get(part, ""),
        own_blocks=letter_store.blocks_of(message.owner_id),
        shown=typed.shown if typed and typed.shown is not None else _shown(work.letter, part),
        fields=[each for each in fields_of(kind, raw, typed.faults if typed else []) if each.name not in UNASKED],
        text_is_stale=is_stale(work.letter),
        seen=letter_parts.digest(value),
        examples=examples_left(work.letter),
        typed=typed,
        problems=problems,
        kinds=[(name, KINDS[name], ICONS[name]) for name in ALL_KINDS if name != "unsubscribe"],
        inks=INKS,
        sizes=SIZES,
        placeholders=placeholder_labels(),
        attributes=names,
        clients=queries.clients_to_look_as(message.owner_id, ""),
    )


def _shown(letter: Letter, part: str) -> str:
    placed = letter.find(part)
    if placed is None or placed.shown == EVERYBODY:
        return ""
    if placed.shown.op == letter_parts.OWN_CONDITIONS:
        return letter_parts.OWN_CONDITIONS
    return f"{placed.shown.op}:{placed.shown.segment}"


def _rows(letter: Letter, segments: Mapping[int, str], words: Mapping[str, str]) -> list[BlockRow]:
    said: dict[str, list[str]] = {}
    for remark in remarks(letter):
        said.setdefault(remark.block_id, []).append(letter_labels.remark_text(remark.code))
    last = len(letter.blocks) - 1
    return [
        BlockRow(
            each.id,
            kind_label(each),
            first_words(each),
            ICONS[each.kind],
            isinstance(each.block, UnsubscribeBlock),
            place == 0,
            place >= last - 1,
            said.get(each.id, []),
            block_title(each),
            shown_label(each.shown, segments, words.get(each.id, "")),
        )
        for place, each in enumerate(letter.blocks)
    ]


def _said(letter: Letter) -> str:
    """What has just happened, for those who do not see it."""
    moved = request.args.get("moved", "")
    placed = letter.find(moved)
    if placed is None:
        return ""
    count = Counter(each.kind for each in letter.blocks)
    name = kind_label(placed) if count[placed.kind] == 1 else f"{kind_label(placed)} {first_words(placed)}"
    place, total = letter.place_of(moved) + 1, len(letter.blocks)
    return _("%(name)s: place %(place)s of %(total)s", name=name, place=place, total=total)
