"""Placeholders that decide where a link leads, rather than what is said or which page of a known site is opened."""

from __future__ import annotations

import re

from mailer.composing.placeholders import Placeholder, Template

# What must stand before a value for it to be a part of a known place: a whole host, or an address to write to.
_PLACE = re.compile(r"(?:https?://[^/?#\s]+[/?#]|mailto:[^?\s]+\?|(?:tel|cid):[^\s\0])", re.IGNORECASE)
_IN_HTML = re.compile(r"""\s(?:href|src|background)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?:https?://|www\.|mailto:)[^\s<>\"()]*", re.IGNORECASE)
_MARK = re.compile("\0([0-9]+)\0")


def names_of_places(template: Template, *, markup: bool) -> set[str]:
    """The keys whose values make the host of a link, or the whole address; `markup`: HTML as `sieve` leaves it."""
    places = template.placeholders
    marked = _marked(template)
    links = ["".join(pair) for pair in _IN_HTML.findall(marked)] if markup else _IN_TEXT.findall(marked)
    names = set()
    for link in links:
        for mark in _MARK.finditer(link):
            if not _PLACE.match(link[: mark.start()]):
                names.add(places[int(mark[1])].name)
    return names


def _marked(template: Template) -> str:
    """The text with a numbered mark for each placeholder."""
    pieces, number = [], 0
    for part in template.parts:
        if isinstance(part, Placeholder):
            pieces.append(f"\0{number}\0")
            number += 1
        else:
            pieces.append(part.replace("\0", ""))
    return "".join(pieces)
