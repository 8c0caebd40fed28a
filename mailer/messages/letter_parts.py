"""The parts of a letter that have a form each: its head, its theme, every block."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from mailer.letters.document import (
    EVERYBODY,
    Letter,
    LetterHead,
    LetterText,
    LetterTheme,
    ShownTo,
    replaced,
    shown_to,
    theme_from,
)
from mailer.letters.shapes import DocumentError, ValueFault, build, plain
from mailer.letters.text_half import digest as digest_of_text
from mailer.letters.text_half import made_text, words_for_everybody

HEAD, THEME, TEXT = "head", "theme", "text"


def value_of(letter: Letter, part: str) -> Any:
    """The part as it stands; None for a block that is not there."""
    if part == HEAD:
        return letter.head
    if part == THEME:
        return letter.theme
    if part == TEXT:
        return letter.text
    placed = letter.find(part)
    return placed.block if placed is not None else None


def after(letter: Letter, part: str) -> str:
    """The block that follows the part, the first one after its head; nothing after the last one."""
    ids = [each.id for each in letter.blocks]
    following = ids.index(part) + 1 if part in ids else 0
    return "".join(ids[following : following + 1])


def read(kind: type, raw: dict[str, Any]) -> Any:
    """The part of that kind from raw values. Raises DocumentError."""
    return theme_from(raw) if kind is LetterTheme else build(kind, raw)


def put(letter: Letter, part: str, value: Any, shown: ShownTo | None = None) -> Letter:
    """The letter with another value of that part, a block perhaps for other people. Raises KeyError for one gone."""
    if isinstance(value, LetterHead):
        return replace(letter, head=value)
    if isinstance(value, LetterTheme):
        return replace(letter, theme=value)
    if isinstance(value, LetterText):
        return replace(letter, text=value)
    changed = replaced(letter, part, value)
    return changed if shown is None else shown_to(changed, part, shown)


OWN_CONDITIONS = "meet"  # what the form says of a block with conditions of its own


def read_shown(typed: str | None, segments: Collection[int]) -> ShownTo | None:
    """Whom a block is for, as the form says it: nothing, `in:5`, `not_in:5`; None where it does not say, or says
    `meet`: the conditions of its own have a form for themselves. Raises DocumentError for a segment that is none of
    these."""
    if typed is None or typed == OWN_CONDITIONS:
        return None
    if not typed:
        return EVERYBODY
    op, _colon, number = typed.partition(":")
    try:
        shown = build(ShownTo, {"op": op, "segment": number})
    except DocumentError:
        shown = EVERYBODY
    if shown.op == "all" or shown.segment not in segments:
        raise DocumentError([ValueFault("shown", "choice", {})])
    return shown


def with_text_act(letter: Letter, raw: dict[str, Any], act: str) -> dict[str, Any]:
    """The text half as typed, or after a press: `take` the words of the letter to change them, make it `anew` of the
    letter, or say that it still `fits`. With it goes what the letter says now, where the author has just looked."""
    made = made_text(letter)
    words = {"take": words_for_everybody(letter), "anew": ""}.get(
        act, str(raw.get("words", "")).replace("\r\n", "\n").strip("\n")
    )
    has_looked = act == "fits" or words != letter.text.words
    return {"words": words, "written_for": digest_of_text(made) if has_looked else letter.text.written_for}


def digest(value: Any) -> str:
    """Tells whether a part is what it was when a page showed it."""
    if value is None:
        return ""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]
