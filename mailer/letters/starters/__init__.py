"""Letters to begin with, in Russian and in English. Their words and pictures are examples, to be replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailer.letters import kinds
from mailer.letters.document import Letter, LetterTheme, PlacedBlock, from_json
from mailer.letters.shapes import shapes_of

LANGUAGES = ("ru", "en")
NAMES = ("news", "sale", "invitation", "digest", "personal")
# Names that occur in every one of them, and in nobody's own letter.
TELLTALES = ("Колос", "Kolos", "kolos.example", "starter/", "Ковалёва", "Coval")
_WORDS = 25  # characters: a shorter one ("Read more") may well be meant


@lru_cache(maxsize=32)
def starter(name: str, language: str) -> Letter:
    """The letter of that name. Raises KeyError."""
    documents = json.loads((Path(__file__).parent / f"{_known(language)}.json").read_text("utf-8"))
    return from_json(documents[name])


def dressed(letter: Letter, theme: LetterTheme) -> Letter:
    """The letter in the owner's theme, with their logo and the address behind it."""

    def with_logo(placed: PlacedBlock) -> PlacedBlock:
        block = placed.block
        if not isinstance(block, kinds.LogoBlock) or not theme.logo:
            return placed
        own = replace(block, picture=theme.logo, alt=theme.logo_alt or block.alt, link=theme.link or block.link)
        return replace(placed, block=replace(own, picture_dark=theme.logo_dark))

    return replace(letter, theme=theme, blocks=tuple(map(with_logo, letter.blocks)))


def examples_left(letter: Letter) -> dict[str, list[str]]:
    """The names of the fields of each block, by its id, that still hold a starter's words or pictures."""
    name, _dot, language = letter.head.starter.partition(".")
    if name not in NAMES or language not in LANGUAGES:
        return {}
    examples = {text for each in starter(name, language).blocks for _field, text in _texts(each.block)}
    found: dict[str, list[str]] = {}
    for each in letter.blocks:
        for field, text in _texts(each.block):
            is_long = len(text) > _WORDS and text in examples
            if is_long or any(word in text for word in TELLTALES):
                found.setdefault(each.id, []).append(field)
    return found


def _texts(block: Any) -> Iterator[tuple[str, str]]:
    """The texts of a block, with their fields' paths; not pictures that are part of a kind's drawing."""
    known = shapes_of(type(block))
    for each in fields(block):
        value = getattr(block, each.name)
        if isinstance(value, str) and known[each.name].widget not in {"choice", "colour"}:
            yield each.name, value
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                for path, text in _texts(item):
                    yield f"{each.name}-{number}-{path}", text


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"
