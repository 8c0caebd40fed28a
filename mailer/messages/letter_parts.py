"""The parts of a letter that have a form each: its head, its theme, every block."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from mailer.letters.document import Letter, LetterHead, LetterTheme, replaced, theme_from
from mailer.letters.shapes import build, plain

HEAD, THEME = "head", "theme"


def value_of(letter: Letter, part: str) -> Any:
    """The part as it stands; None for a block that is not there."""
    if part == HEAD:
        return letter.head
    if part == THEME:
        return letter.theme
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
    return replaced(letter, part, value)


def digest(value: Any) -> str:
    """Tells whether a part is what it was when a page showed it."""
    if value is None:
        return ""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]
