"""What somebody searches for: short, and turned into conditions in one place, so that no form can ask for more work."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_

from mailer.readable import in_ascii

MAX_LENGTH = 200  # characters, as the search boxes allow
MAX_WORDS = 10
SHORTEST_NUMBER = 5  # digits
_NUMBER = re.compile(r"\+?[0-9 ()\-./]+")


def searched(args: Mapping[str, Any], name: str = "q") -> str:
    """The search in `args`, as it is applied and shown again: at most `MAX_LENGTH` characters and `MAX_WORDS` words.

    Characters that no text of ours holds (NUL, lone surrogates) are spaces.
    """
    return shortened(str(args.get(name) or ""))


def shortened(text: str) -> str:
    """`text` within the bounds of a search."""
    clean = "".join(char if char.isprintable() else " " for char in text[:MAX_LENGTH])
    return " ".join(clean.split()[:MAX_WORDS])


def mentions(search: str, columns: Collection[Any]) -> list[ColumnElement[bool]]:
    """Conditions that together hold for rows with each word of `search` in one of the columns; ё is е, in any case."""
    return [or_(*(holds(column, word) for column in columns)) for word in shortened(search).split()]


def holds(column: Any, word: str) -> ColumnElement[bool]:
    """Whether `word` stands in the column; ё is е, in any case."""
    return stands_in(folded(column), word)


def stands_in(folded_text: Any, word: str) -> ColumnElement[bool]:
    """Whether `word` stands in a text that is folded already; a domain as it is stored, too."""
    found: ColumnElement[bool] = folded_text.contains(_folded(word), autoescape=True)
    stored = in_ascii(word.lower())
    return found if stored == word.lower() else or_(found, folded_text.contains(stored, autoescape=True))


def folded(column: Any) -> Any:
    """What is searched in, and the order of a dictionary whatever the database's collation: case aside, ё as е."""
    return func.translate(func.lower(column), "ё", "е")


def digits_of(search: str) -> str | None:
    """The digits that stand for a telephone number in `search`, however it is written; None where it is none.

    Ten digits name a Russian number with +7, with 8 and with neither.
    """
    if not _NUMBER.fullmatch(search.strip()):
        return None
    digits = "".join(char for char in search if char.isdecimal())
    if len(digits) < SHORTEST_NUMBER:
        return None
    return digits[1:] if len(digits) == 11 and digits[0] in "78" else digits


def _folded(word: str) -> str:
    return word.lower().replace("ё", "е")
