"""The HTML half of a mail as a whole document: the author's own, or one around a piece of HTML; and where in it the
values of a person come to stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailer.composing.contexts import Escape, as_link, in_html, in_place, in_telephone, in_url
from mailer.composing.markup import attributes, tokens
from mailer.composing.placeholders import MARK, Placeholder, marked

Parts = list[str | Placeholder]
_FRAME = frozenset(("html", "head", "body"))
_LINKS = frozenset(("href", "src", "background"))


def is_document(parts: Parts) -> bool:
    """Whether the author wrote a whole document, with a head or a body of its own."""
    found = tokens(marked(parts))
    return any(token.kind == "doctype" or (token.kind == "start" and token.name in _FRAME) for token in found)


def with_ending(parts: Parts, ending: Parts) -> Parts:
    """The document with `ending` as the last thing that its reader sees."""
    ends = {token.name: token.start for token in tokens(marked(parts)) if token.kind == "end"}
    at = ends.get("body", ends.get("html"))
    return [*parts, *ending] if at is None else _put(parts, at, ending)


def escapes(parts: Iterable[str | Placeholder]) -> Iterator[Escape]:
    """For each placeholder of the HTML, how to write its value."""
    listed = list(parts)
    found: dict[int, Escape] = {}
    _look(marked(listed), found)
    count = sum(isinstance(part, Placeholder) for part in listed)
    return iter([found.get(number, in_html) for number in range(count)])


def _look(text: str, found: dict[int, Escape]) -> None:
    for token in tokens(text):
        if "\0" not in token.source:
            continue
        if token.kind == "start":
            for attribute in attributes(token.inside)[0]:
                if attribute.name in _LINKS:
                    value = attribute.raw.strip("\"'")
                    found.update((int(mark[1]), _in_link(value[: mark.start()])) for mark in MARK.finditer(value))
        elif token.kind == "comment":  # Outlook reads it as HTML
            _look(token.source.removeprefix("<!--"), found)


def _in_link(before: str) -> Escape:
    """How a value is written behind `before` in an attribute that holds an address."""
    before = before.strip().lower()
    if not before:
        return as_link
    if before in ("http://", "https://"):
        return in_place
    return in_telephone if before == "tel:" else in_url


def _put(parts: Parts, at: int, ending: Parts) -> Parts:
    """`ending` put in before the octet `at` of the marked text, where a literal stands."""
    result: Parts = []
    position, number = 0, 0
    for part in parts:
        if isinstance(part, Placeholder):
            length, number = len(f"\0{number}\0"), number + 1
        else:
            length = len(part)
            if position <= at < position + length:
                result += [part[: at - position], *ending, part[at - position :]]
                position += length
                continue
        result.append(part)
        position += length
    return result
