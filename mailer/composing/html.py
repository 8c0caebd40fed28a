"""The plain text made from the HTML of a mail."""

from __future__ import annotations

import re
from collections import Counter

import nh3

from mailer.composing.allowed import TAGS, UNREAD
from mailer.composing.marks import Marks
from mailer.composing.plain_text import plain_text

MAX_DEPTH = 200  # of nested tags: a parser's time grows with the square of it
# Tags that a following one closes by itself, or that never hold anything.
_SELF_CLOSING = frozenset(
    {
        "p",
        "li",
        "dd",
        "dt",
        "td",
        "th",
        "tr",
        "tbody",
        "thead",
        "tfoot",
        "br",
        "img",
        "hr",
        "wbr",
        "col",
        "meta",
        "link",
    }
)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]{0,60})")


def text_from_html(html: str) -> str:
    """A readable plain text of the same content, placeholders included."""
    marks = Marks(html)
    clean = nh3.clean(
        _shallow(marks.text),
        tags=set(TAGS),
        clean_content_tags=set(UNREAD),
        attributes={"a": {"href"}, "img": {"alt"}},
    )
    return marks.restore_text(plain_text(clean))


def _shallow(html: str) -> str:
    """The HTML without the opening tags that would nest deeper than anybody means."""
    if html.count("<") <= MAX_DEPTH:
        return html
    open_tags: Counter[str] = Counter()

    def keep(tag: re.Match[str]) -> str:
        closes, name = tag[1], tag[2].lower()
        if name in _SELF_CLOSING:
            return tag[0]
        if closes:
            open_tags[name] -= open_tags[name] > 0
        elif open_tags.total() >= MAX_DEPTH:
            return ""
        else:
            open_tags[name] += 1
        return tag[0]

    return _TAG.sub(keep, html)
