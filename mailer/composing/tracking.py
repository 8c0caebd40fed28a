"""Links that lead through the service, and a picture of one pixel, so that clicks and opens of a mail can be counted.

A mail has one token, however many links: it stands in each of them, before the link's number. Only whole addresses of
the web are led through; whatever holds a person's value, and mail, telephone and anchors stay as they are.
"""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from mailer.composing.markup import attributes, tokens
from mailer.composing.placeholders import Placeholder, Template, marked, parse

MAX_LINKS = 300  # of one mail; those beyond lead straight to where they lead
MAX_ADDRESS = 2000
TOKEN = Placeholder("/l")  # no name that anybody could type
_WEB = re.compile(rf"https?://[^\s\0-\x20\x7f<>\"\\]{{1,{MAX_ADDRESS}}}", re.IGNORECASE)
_IN_TEXT = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_AN_ADDRESS = ".,;:!?»”“’'"
_MARK = re.compile("\0([0-9]+|l)\0")


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is counted of a run's mails. `stem`: how its links begin, up to the token; `links`: the addresses they lead
    to, the first one being number 1. Number 0 is the pixel."""

    stem: str
    links: tuple[str, ...] = ()
    opens: bool = False
    notice: str = ""  # the sentence that says so to the reader


class _LinkPlace(NamedTuple):
    """Where an address stands in a marked text, quotes included; `is_hidden`: in a comment, for Outlook only."""

    start: int
    end: int
    address: str
    is_hidden: bool


def links_of(markup: str, text: str) -> list[str]:
    """The addresses that the links of a mail lead to, in the order of its HTML, then those of its text alone.

    Two links to one address are two. Raises PlaceholderError for what cannot be sent.
    """
    places = list(_in_html(marked(parse(markup, None, markup=True).parts)))
    found = [place.address for place in places if not place.is_hidden]
    others = [place.address for place in places if place.is_hidden]
    others += [place.address for place in _in_text(marked(parse(text, None).parts))]
    return [*found, *(address for address in dict.fromkeys(others) if address not in set(found))][:MAX_LINKS]


def with_links(template: Template, tracking: Tracking, *, markup: bool) -> Template:
    """The template with its links led through the service."""
    if not tracking.links:
        return template
    text = marked(template.parts)
    stem = html.escape(tracking.stem) if markup else tracking.stem
    pieces, at = [], 0
    for place, number in _numbered(_in_html(text) if markup else _in_text(text), tracking.links):
        address = f"{stem}\0l\0/{number}"
        pieces += [text[at : place.start], f'"{address}"' if markup else address]
        at = place.end
    return Template(_unmarked("".join([*pieces, text[at:]]), template.marked_places))


def pixel(tracking: Tracking | None) -> list[str | Placeholder]:
    """The picture that is fetched when a mail is opened; nothing unless opens are counted."""
    if tracking is None or not tracking.opens:
        return []
    return [f'<img src="{html.escape(tracking.stem)}', TOKEN, '/0" width="1" height="1" border="0" alt="">']


def with_notice(template: Template, notice: str, *, markup: bool = False) -> Template:
    """The template with what is said of the counting in the place of its placeholder."""
    said = html.escape(notice) if markup else notice
    parts = (
        said if isinstance(part, Placeholder) and part.name == "tracking_notice" else part for part in template.parts
    )
    return Template(tuple(part for part in parts if part))


def _numbered(places: Iterable[_LinkPlace], links: Iterable[str]) -> Iterator[tuple[_LinkPlace, int]]:
    """Each place with the number of its link; those that are none of `links` are left out. The second link to one
    address has the second number of that address."""
    numbers = defaultdict(list)
    for number, address in enumerate(links, 1):
        numbers[address].append(number)
    seen: Counter[str] = Counter()
    for place in places:
        if known := numbers.get(place.address):
            yield place, known[min(seen[place.address], len(known) - 1)]
            seen[place.address] += not place.is_hidden


def _in_html(text: str, offset: int = 0, *, is_hidden: bool = False) -> Iterator[_LinkPlace]:
    for token in tokens(text):
        if token.kind == "start" and (token.name in ("a", "area") or token.name.startswith("v:")):
            place = _of_tag(token.inside, offset + token.start + 1 + len(token.name), is_hidden)
            if place is not None:
                yield place
        elif token.kind == "comment":  # Outlook reads it as HTML
            inside = token.source.removeprefix("<!--")
            yield from _in_html(inside, offset + token.start + len("<!--"), is_hidden=True)


def _of_tag(inside: str, offset: int, is_hidden: bool) -> _LinkPlace | None:
    at = 0
    for attribute in attributes(inside)[0]:
        at = inside.find(attribute.source, at) + len(attribute.source)
        if attribute.name == "href":  # the first one counts
            address = (attribute.value or "").strip()
            start = offset + at - len(attribute.raw)
            return _LinkPlace(start, offset + at, address, is_hidden) if _is_of_the_web(address) else None
    return None


def _in_text(text: str) -> Iterator[_LinkPlace]:
    for found in _IN_TEXT.finditer(text):
        address = found[0].rstrip(_AFTER_AN_ADDRESS)
        while address.endswith(")") and address.count("(") < address.count(")"):
            address = address[:-1].rstrip(_AFTER_AN_ADDRESS)
        if "\0" not in found[0] and _is_of_the_web(address):
            yield _LinkPlace(found.start(), found.start() + len(address), address, False)


def _is_of_the_web(address: str) -> bool:
    if not _WEB.fullmatch(address):
        return False
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def _unmarked(text: str, places: list[Placeholder]) -> tuple[str | Placeholder, ...]:
    pieces = _MARK.split(text)
    literals, marks = pieces[::2], pieces[1::2]
    parts: list[str | Placeholder] = [literals[0]]
    for mark, literal in zip(marks, literals[1:], strict=True):
        parts += [TOKEN if mark == "l" else places[int(mark)], literal]
    return tuple(part for part in parts if part)
