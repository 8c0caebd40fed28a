"""Arrays as PostgreSQL reads them: one parameter for the rows of a whole statement."""

from __future__ import annotations

from collections.abc import Iterable


def array(items: Iterable[object]) -> str:
    """An array as PostgreSQL reads it; texts must be `quoted`, unless they are plain words."""
    return words(map(str, items))


def words(items: Iterable[str]) -> str:
    """The same of elements that are `quoted`, or plain words, already."""
    return "{" + ",".join(items) + "}"


def quoted(text: str) -> str:
    """A text as an element of an array; PostgreSQL has no NUL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "") + '"'
