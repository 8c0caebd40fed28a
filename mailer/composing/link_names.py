"""Placeholders that decide where a link leads, rather than what is said or which page of a known site is opened."""

from __future__ import annotations

import re

from mailer.composing.placeholders import MARK, Template, marked

# What must stand before a value for it to be a part of a known place: a whole host, or an address to write to.
_PLACE = re.compile(r"(?:https?://[^/?#\s]+[/?#]|mailto:[^?\s]+\?|(?:tel|cid):[^\s\0])", re.IGNORECASE)
_IN_HTML = re.compile(r"""\s(?:href|src|background)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?:https?://|www\.|mailto:)[^\s<>\"()]*", re.IGNORECASE)


def names_of_places(template: Template, *, markup: bool) -> set[str]:
    """The keys whose values make the host of a link, or the whole address; `markup`: HTML as `sieve` leaves it."""
    places = template.marked_places
    text = marked(template.parts)
    links = ["".join(pair) for pair in _IN_HTML.findall(text)] if markup else _IN_TEXT.findall(text)
    names = set()
    for link in links:
        for mark in MARK.finditer(link):
            if not _PLACE.match(link[: mark.start()]):
                names.add(places[int(mark[1])].name)
    return names
