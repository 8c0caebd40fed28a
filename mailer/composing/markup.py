"""HTML as tokens, each octet in exactly one of them: read once from left to right, whatever it holds.

Nothing is built of them and nothing repaired, so that what nobody objects to can be written out as it was.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "start", "end", "comment", "doctype", "condition", "style", "title", "raw", "bogus", "stray"]
# Possessive, and `<` ends it: what turns out to be no tag is given up at the next one, so nothing is read over again.
_TAG = re.compile(r"<(/?)([a-z][a-z0-9:_.\-]{0,60})((?=[\s/>])(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*+)>", re.IGNORECASE)
_CONDITION = re.compile(r"<!\[(?:if [^\]<>]{1,80}|endif)\]\s*(?:--)?>", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!doctype(?=[\s>])[^<>\[]*+>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\s/]*+)([^\s=>"'/<`]++)(?:(\s*+=\s*+)("[^"]*"|'[^']*'|[^\s"'<>`]+))?""")
_NO_JUNK = str.maketrans("", "", " \t\r\n\f/")
_BETWEEN_ATTRIBUTES = re.compile(r"[\s/]*+")
_BEGINS_MARKUP = re.compile(r"<[a-z/!?]", re.IGNORECASE)
# Elements whose content is no markup for a browser; it goes to their end tag.
_WITHOUT_MARKUP = frozenset(("style", "title", "script", "textarea", "iframe", "xmp", "noembed", "noframes"))
_END_OF = {name: re.compile(rf"</{name}(?=[\s/>])[^<>]*+>", re.IGNORECASE) for name in _WITHOUT_MARKUP}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of HTML. `name` is that of a tag in small letters; `inside`: the octets between the tags of an element
    whose content is no markup (`style`, `title`, `raw`), else what follows a tag's name (for the former:
    `of_tag`).

    `comment`: `<!-- … -->`; `condition`: `<![if …]>`; `bogus`: `<? … >` and such; `stray`: a `<` that begins nothing.
    """

    kind: Kind
    start: int
    source: str
    name: str = ""
    inside: str = ""
    of_tag: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One of a tag; `source` with the space before it. `value` is decoded; None where there is no `=`."""

    source: str
    name: str
    raw: str  # the value with its quotes, or an empty string
    value: str | None


def tokens(text: str) -> Iterator[Token]:
    """The pieces of `text` in order; joined they are the text."""
    at = 0
    while at < len(text):
        found = text.find("<", at)
        if found < 0:
            found = len(text)
        if found > at:
            yield Token("text", at, text[at:found])
        at = found
        if at < len(text):
            token = _markup_at(text, at)
            yield token
            at += len(token.source)


def _markup_at(text: str, at: int) -> Token:
    if tag := _TAG.match(text, at):
        name = tag[2].lower()
        if not tag[1] and name in _WITHOUT_MARKUP:
            return _whole_element(text, tag, name)
        return Token("end" if tag[1] else "start", at, tag[0], name, tag[3])
    if text.startswith("<!--", at):
        end = text.find("-->", at + 4)
        return Token("comment", at, text[at:] if end < 0 else text[at : end + 3])
    for kind, pattern in (("doctype", _DOCTYPE), ("condition", _CONDITION)):
        if found := pattern.match(text, at):
            return Token(kind, at, found[0])  # type: ignore[arg-type]
    if text[at + 1 : at + 2] in ("!", "?", "/"):
        end = text.find(">", at)
        return Token("bogus", at, text[at:] if end < 0 else text[at : end + 1])
    return Token("stray" if _BEGINS_MARKUP.match(text, at) else "text", at, "<")


def _whole_element(text: str, tag: re.Match[str], name: str) -> Token:
    end = _END_OF[name].search(text, tag.end())
    inside = text[tag.end() : end.start() if end else len(text)]
    kind: Kind = "style" if name == "style" else "title" if name == "title" else "raw"
    return Token(kind, tag.start(), text[tag.start() : end.end() if end else len(text)], name, inside, tag[3])


def attributes(inside: str) -> tuple[list[Attribute], str]:
    """The attributes of a tag, of what stands after its name; and what in it is none."""
    found: list[Attribute] = []
    at, junk = 0, []
    while at < len(inside):
        match = _ATTRIBUTE.match(inside, at)
        if match is None:  # what separates attributes is passed over at once, however much it is
            end = _BETWEEN_ATTRIBUTES.match(inside, at).end()  # type: ignore[union-attr]  # it matches nothing, too
            junk.append(inside[at : end + 1].translate(_NO_JUNK))
            at = end + 1
            continue
        raw = match[4] or ""
        value = html.unescape(raw.strip("\"'")) if match[3] else None
        found.append(Attribute(match[0], match[2].lower(), raw, value))
        at = match.end()
    return found, "".join(junk)
