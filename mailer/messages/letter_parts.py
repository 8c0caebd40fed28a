"""The parts of a letter that have a form each: its head, its theme, every block."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from mailer.letters.document import Letter, LetterHead, LetterText, LetterTheme, replaced, theme_from
from mailer.letters.shapes import build, plain
from mailer.letters.text_half import digest as digest_of_text
from mailer.letters.text_half import made_text

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


def read(kind: type, raw: dict[str, Any]) -> Any:
    """The part of that kind from raw values. Raises DocumentError."""
    return theme_from(raw) if kind is LetterTheme else build(kind, raw)


def put(letter: Letter, part: str, value: Any) -> Letter:
    """The letter with another value of that part. Raises KeyError for a block that is gone."""
    if isinstance(value, LetterHead):
        return replace(letter, head=value)
    if isinstance(value, LetterTheme):
        return replace(letter, theme=value)
    if isinstance(value, LetterText):
        return replace(letter, text=value)
    return replaced(letter, part, value)


def with_text_act(letter: Letter, raw: dict[str, Any], act: str) -> dict[str, Any]:
    """The text half as typed, or after a press: `take` the words of the letter to change them, make it `anew` of the
    letter, or say that it still `fits`. With it goes what the letter says now, where the author has just looked."""
    made = made_text(letter)
    words = {"take": made.strip(), "anew": ""}.get(act, str(raw.get("words", "")).replace("\r\n", "\n").strip("\n"))
    has_looked = act == "fits" or words != letter.text.words
    return {"words": words, "written_for": digest_of_text(made) if has_looked else letter.text.written_for}


def digest(value: Any) -> str:
    """Tells whether a part is what it was when a page showed it."""
    if value is None:
        return ""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]
