"""What somebody searches for: short, and turned into conditions in one place, so that no form can ask for more work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, or_

MAX_LENGTH = 200  # characters, as the search boxes allow
MAX_WORDS = 10


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
    """Conditions that together hold for rows with each word of `search` in one of the columns, in any case."""
    words = shortened(search).split()
    return [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words]
