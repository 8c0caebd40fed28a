"""Letters to begin with, in Russian and in English. Their words and pictures are examples, to be replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from mailer.letters import kinds
from mailer.letters.document import Letter, LetterTheme, PlacedBlock, from_json
from mailer.letters.shapes import shapes_of

LANGUAGES = ("ru", "en")
NAMES = ("news", "sale", "invitation", "digest", "personal")
# Names that occur in every one of them, and in nobody's own letter.
TELLTALES = ("Колос", "Kolos", "kolos.example", "starter/", "Ковалёва", "Coval")
HEAD = "head"
_EXAMPLE_LINK = re.compile(r'https://kolos\.example/[^\s"<>]*')
_WORDS = 25  # characters: a shorter one ("Read more") may well be meant


@lru_cache(maxsize=32)
def starter(name: str, language: str) -> Letter:
    """The letter of that name. Raises KeyError."""
    documents = json.loads((Path(__file__).parent / f"{_known(language)}.json").read_text("utf-8"))
    return from_json(documents[name])


def dressed(letter: Letter, theme: LetterTheme) -> Letter:
    """The letter in the owner's theme, with their logo; links of the example lead to the address behind it."""

    def with_logo(placed: PlacedBlock) -> PlacedBlock:
        block = placed.block
        if not isinstance(block, kinds.LogoBlock) or not theme.logo:
            return placed
        own = replace(block, picture=theme.logo, alt=theme.logo_alt or block.alt, link=theme.link or block.link)
        return replace(placed, block=replace(own, picture_dark=theme.logo_dark))

    blocks = tuple(map(with_logo, letter.blocks))
    if theme.link.startswith("http"):
        blocks = tuple(replace(each, block=_leading_to(theme.link, each.block)) for each in blocks)
    return replace(letter, theme=theme, blocks=blocks)


def _leading_to(link: str, value: Any) -> Any:
    """The same with links to the example's site leading there."""
    if isinstance(value, str):
        written = escape(link) if "<" in value else link
        return _EXAMPLE_LINK.sub(lambda _found: written, value)
    if isinstance(value, tuple):
        return tuple(_leading_to(link, each) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{each.name: _leading_to(link, getattr(value, each.name)) for each in fields(value)})


def examples_left(letter: Letter) -> dict[str, list[str]]:
    """The names of the fields that still hold a starter's words or pictures, by the block's id; those above the blocks
    by `HEAD`."""
    name, _dot, language = letter.head.starter.partition(".")
    if name not in NAMES or language not in LANGUAGES:
        return {}
    blocks = [each.block for each in starter(name, language).blocks]
    said = [each for each in blocks if not isinstance(each, kinds.UnsubscribeBlock)]  # its words hold for every sender
    examples = {text for each in said for _field, text in _texts(each)}
    head, first = letter.head, starter(name, language).head
    kept = [field for field in ("subject", "preheader") if getattr(head, field) == getattr(first, field) != ""]
    found: dict[str, list[str]] = {HEAD: kept} if kept else {}
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
