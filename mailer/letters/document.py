"""A letter: subject, preheader, theme and blocks in order; read from JSON, written to it, and changed piece by piece.

Changes give a new letter; nothing is changed in place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mailer.composing.languages import UNSUBSCRIBE
from mailer.letters.colours import LEAST, contrast
from mailer.letters.kinds import KINDS, NAME_OF, Block, UnsubscribeBlock
from mailer.letters.shapes import DocumentError, ValueFault, build, held_as, plain
from mailer.letters.values import (
    ColourCode,
    JsonObject,
    LinkTo,
    OneLine,
    OneOf,
    PictureAddress,
    PlainWords,
    WholeNumber,
)

VERSION = 1
MOST_BLOCKS = 60
MOST_OF_A_TREE = 30_000  # characters: more than a segment may have
_ID = re.compile(r"b[0-9]{1,6}")
FONTS = {
    "arial": "Arial, Helvetica, sans-serif",
    "verdana": "Verdana, Geneva, sans-serif",
    "trebuchet": "'Trebuchet MS', Tahoma, sans-serif",
    "georgia": "Georgia, 'Times New Roman', serif",
    "times": "'Times New Roman', Times, serif",
}


@dataclass(frozen=True, slots=True)
class LetterTheme:
    """The sender's look: logo, colours, type. Kept for the next letter."""

    logo: str = held_as(PictureAddress(), "")
    logo_alt: str = held_as(OneLine(), "")
    logo_dark: str = held_as(PictureAddress(), "")
    accent: str = held_as(ColourCode(), "#3a5bc7")
    page: str = held_as(ColourCode(), "#f1f3f5")
    card: str = held_as(ColourCode(), "#ffffff")
    text: str = held_as(ColourCode(), "#212529")
    muted: str = held_as(ColourCode(), "#5f6770")
    font: str = held_as(OneOf(tuple(FONTS)), "arial")
    size: int = held_as(WholeNumber(14, 20), 16)
    radius: int = held_as(WholeNumber(0, 24), 6)
    link: str = held_as(LinkTo(), "")


@dataclass(frozen=True, slots=True)
class LetterHead:
    """What stands above the blocks. `starter` names the template whose words are examples."""

    subject: str = held_as(OneLine(), "")
    preheader: str = held_as(OneLine(), "")
    name: str = held_as(OneLine(150), "")
    language: str = held_as(OneOf(tuple(UNSUBSCRIBE)), "ru")
    starter: str = held_as(OneLine(40), "")


@dataclass(frozen=True, slots=True)
class LetterText:
    """The text half as its author wrote it; empty: made of the blocks. `written_for`: the digest of what they said
    then (`text_half.digest`)."""

    words: str = held_as(PlainWords(), "")
    written_for: str = held_as(OneLine(16), "")


@dataclass(frozen=True, slots=True)
class ShownTo:
    """Whom a block is for: everybody (`all`), the people `in` a segment, those `not_in` it, or those who `meet` the
    conditions of a `tree` of its own: JSON, whose meaning `mailer.segments.conditions` alone knows."""

    op: str = held_as(OneOf(("all", "in", "not_in", "meet")), "all")
    segment: int = held_as(WholeNumber(0, 10**18 - 1), 0)
    tree: str = held_as(JsonObject(MOST_OF_A_TREE), "")  # an object in the document, so that it can be searched there


EVERYBODY = ShownTo()


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block with the id that a letter knows it by, and whom it is for."""

    id: str
    block: Block
    shown: ShownTo = EVERYBODY

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return NAME_OF[type(self.block)]


@dataclass(frozen=True, slots=True)
class Letter:
    """The whole. The last block is the only `unsubscribe`."""

    head: LetterHead = field(default_factory=LetterHead)
    theme: LetterTheme = field(default_factory=LetterTheme)
    blocks: tuple[PlacedBlock, ...] = ()
    text: LetterText = field(default_factory=LetterText)

    def find(self, block_id: str) -> PlacedBlock | None:
        """The block of that id."""
        return next((each for each in self.blocks if each.id == block_id), None)

    def place_of(self, block_id: str) -> int:
        """Where it stands, from 0. Raises KeyError."""
        for place, each in enumerate(self.blocks):
            if each.id == block_id:
                return place
        raise KeyError(block_id)


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}  # from a version to the next, as pure functions


def from_json(raw: Any) -> Letter:
    """The letter that a stored document holds. Raises DocumentError."""
    if not isinstance(raw, Mapping):
        raise DocumentError([ValueFault("", "type", {})])
    data = dict(raw)
    while data.get("version") in MIGRATIONS:
        data = MIGRATIONS[data["version"]](data)
    if data.pop("version", None) != VERSION:
        raise DocumentError([ValueFault("version", "unknown_version", {})])
    blocks, theme = data.pop("blocks", None), data.pop("theme", {})
    words, faults = data.pop("text", {}), list[ValueFault]()
    head = _part(LetterHead, data, "", faults) or LetterHead()
    look = _part(LetterTheme, theme, "theme-", faults) or LetterTheme()
    placed = _blocks(blocks, faults)
    ends = [place for place, each in enumerate(placed) if isinstance(each.block, UnsubscribeBlock)]
    if not faults and ends != [len(placed) - 1]:
        faults.append(ValueFault("blocks", "unsubscribe", {}))
    text = _part(LetterText, words, "text-", faults) or LetterText()
    if faults:
        raise DocumentError(faults)
    return Letter(head, look, placed, text)


def to_json(letter: Letter) -> dict[str, Any]:
    """The document to store."""
    blocks = blocks_to_json(letter.blocks)
    text = {"text": plain(letter.text)} if letter.text.words else {}  # without it, releases before can read it
    return {"version": VERSION, **plain(letter.head), "theme": plain(letter.theme), "blocks": blocks, **text}


def blocks_to_json(blocks: Iterable[PlacedBlock]) -> list[dict[str, Any]]:
    """Blocks to store, of a letter or without one."""
    return [
        {"id": each.id, "kind": each.kind}
        | ({"shown": _shown_to_json(each.shown)} if each.shown != EVERYBODY else {})
        | plain(each.block)
        for each in blocks
    ]


def _shown_to_json(shown: ShownTo) -> dict[str, Any]:
    named = {"op": shown.op, "segment": shown.segment}
    return named | ({"tree": json.loads(shown.tree)} if shown.tree else {})  # without it, releases before can read it


def blocks_from_json(raw: Any) -> tuple[PlacedBlock, ...]:
    """Blocks that were stored without a letter. Raises DocumentError."""
    faults: list[ValueFault] = []
    placed = _blocks(raw, faults)
    if faults:
        raise DocumentError(faults)
    return placed


def theme_from(raw: Any) -> LetterTheme:
    """A theme whose words can be read on its colours. Raises DocumentError."""
    theme = build(LetterTheme, raw)
    pairs = (("text", theme.text, theme.card), ("muted", theme.muted, theme.card), ("muted", theme.muted, theme.page))
    faults = {
        name: ValueFault(name, "contrast", {"found": round(contrast(one, other), 1), "least": LEAST})
        for name, one, other in pairs
        if contrast(one, other) < LEAST
    }
    if faults:
        raise DocumentError(list(faults.values()))
    return theme


def _part(kind: type[Any], raw: Any, prefix: str, faults: list[ValueFault]) -> Any:
    try:
        return build(kind, raw)
    except DocumentError as error:
        faults += [ValueFault(prefix + fault.field, fault.code, fault.params) for fault in error.faults]
        return None


def _blocks(raw: Any, faults: list[ValueFault]) -> tuple[PlacedBlock, ...]:
    if not isinstance(raw, list):
        faults.append(ValueFault("blocks", "type", {}))
        return ()
    if len(raw) > MOST_BLOCKS:
        faults.append(ValueFault("blocks", "count", {"least": 1, "most": MOST_BLOCKS}))
        return ()
    placed: list[PlacedBlock] = []
    for number, each in enumerate(raw):
        values = dict(each) if isinstance(each, Mapping) else {}
        block_id, kind = values.pop("id", None), KINDS.get(str(values.pop("kind", "")))
        shown = _part(ShownTo, values.pop("shown", {}), f"blocks-{number}-shown-", faults) or EVERYBODY
        if (shown.op == "meet") != bool(shown.tree):
            faults.append(ValueFault(f"blocks-{number}-shown-tree", "type", {}))
        if kind is None:
            faults.append(ValueFault(f"blocks-{number}", "unknown_kind", {}))
        elif not isinstance(block_id, str) or not _ID.fullmatch(block_id) or block_id in {one.id for one in placed}:
            faults.append(ValueFault(f"blocks-{number}-id", "id", {}))
        elif (block := _part(kind, values, f"blocks-{number}-", faults)) is not None:
            placed.append(PlacedBlock(block_id, block, EVERYBODY if kind is UnsubscribeBlock else shown))
    return tuple(placed)


def replaced(letter: Letter, block_id: str, block: Block) -> Letter:
    """With another content of that block. Raises KeyError."""
    return _put(letter, replace(letter.blocks[letter.place_of(block_id)], block=block))


def shown_to(letter: Letter, block_id: str, shown: ShownTo) -> Letter:
    """With that block for those people; the way out is for everybody. Raises KeyError."""
    found = letter.blocks[letter.place_of(block_id)]
    return letter if isinstance(found.block, UnsubscribeBlock) else _put(letter, replace(found, shown=shown))


def _put(letter: Letter, placed: PlacedBlock) -> Letter:
    return replace(letter, blocks=tuple(placed if each.id == placed.id else each for each in letter.blocks))


def added(letter: Letter, block: Block, after: str | None, shown: ShownTo = EVERYBODY) -> tuple[Letter, str]:
    """With a block after the one of that id (at the end, where it is None or gone), and its id.

    The way out is there once: another is not added. Raises DocumentError when there are too many.
    """
    if isinstance(block, UnsubscribeBlock):
        return letter, letter.blocks[-1].id
    if len(letter.blocks) >= MOST_BLOCKS:
        raise DocumentError([ValueFault("blocks", "count", {"least": 1, "most": MOST_BLOCKS})])
    last = len(letter.blocks) - 1
    place = last if after is None or letter.find(after) is None else min(letter.place_of(after) + 1, last)
    block_id = f"b{max((int(each.id[1:]) for each in letter.blocks), default=0) + 1}"
    return replace(
        letter, blocks=(*letter.blocks[:place], PlacedBlock(block_id, block, shown), *letter.blocks[place:])
    ), block_id


def moved(letter: Letter, block_id: str, to: int) -> Letter:
    """With the block at place `to` (from 0), as near as the end allows: the way out stays last. Raises KeyError."""
    found = letter.blocks[letter.place_of(block_id)]
    if isinstance(found.block, UnsubscribeBlock):
        return letter
    rest = [each for each in letter.blocks if each.id != block_id]
    place = max(0, min(to, len(rest) - 1))
    return replace(letter, blocks=(*rest[:place], found, *rest[place:]))


def without(letter: Letter, block_id: str) -> Letter:
    """Without that block; the way out cannot be taken away. Raises KeyError."""
    found = letter.blocks[letter.place_of(block_id)]
    if isinstance(found.block, UnsubscribeBlock):
        return letter
    return replace(letter, blocks=tuple(each for each in letter.blocks if each.id != block_id))


def with_copies(letter: Letter, blocks: Iterable[PlacedBlock], after: str | None) -> tuple[Letter, str]:
    """With copies of blocks of another letter in their order, and the id of the first. Raises DocumentError."""
    first = ""
    for each in blocks:
        letter, after = added(letter, each.block, after, each.shown)
        first = first or after
    return letter, first
