"""The HTML body of a mail: what may stay in it, and the plain text made from it."""

from __future__ import annotations

import html as entities
import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from mailer.composing.allowed import (
    ATTRIBUTES,
    DROPPED_WITH_CONTENT,
    MAY_HOLD_PLACEHOLDERS,
    SCHEMES,
    STYLES,
    TAGS,
)
from mailer.composing.marks import Marks
from mailer.composing.plain_text import plain_text

# The frame of a whole document: a mail gets its own, so nobody misses it.
_FRAME = frozenset({"html", "head", "body", "meta", "title"})
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
_TAG_NAME = re.compile(r"<([a-z][^\s/>]{0,60})")
_SCHEME = re.compile(r"([a-z0-9+.\-]{1,30}):")
_STYLE_NAME = re.compile(r"(?:^|;)\s*([a-z\-]{1,60})\s*:")


@dataclass(frozen=True, slots=True)
class SanitisedHtml:
    """HTML fit for a mail. `removed` names what was taken out: `<script>`, `onclick`, `style: position`, `href=…`."""

    html: str
    removed: list[str]


def sanitise(html: str) -> SanitisedHtml:
    """Keep what mail programs can show and a reader can trust; placeholders stay in text and in links.

    Repeating it changes nothing more.
    """
    marks = Marks(html)
    clean = nh3.clean(
        _shallow(marks.text),
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=lambda tag, name, value: _kept(marks, name, value),
        url_schemes={scheme[:-1] for schemes in SCHEMES.values() for scheme in schemes},
        url_relative=lambda url: url if url.startswith(marks.prefix) else None,
        filter_style_properties=set(STYLES),
        link_rel="noopener noreferrer",
    )
    lost = _inventory(_everything(_shallow(marks.text))) - _inventory(marks.as_in_text(clean))
    removed = sorted(marks.restore_text(name) for name in lost)
    return SanitisedHtml(marks.restore_html(clean), removed)


def text_from_html(html: str) -> str:
    """A readable plain text of the same content, placeholders included."""
    marks = Marks(html)
    clean = nh3.clean(
        _shallow(marks.text),
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={"a": {"href"}, "img": {"alt"}},
    )
    return marks.restore_text(plain_text(clean))


def _kept(marks: Marks, name: str, value: str) -> str | None:
    """An attribute's value, or None to drop it."""
    if marks.prefix in value:
        if name not in MAY_HOLD_PLACEHOLDERS:
            return None
        value = marks.as_in_attribute(value)
    if name in SCHEMES and not value.strip().lower().startswith((*SCHEMES[name], marks.prefix)):
        return None
    return value


def _everything(html: str) -> str:
    """The same HTML, tidy, with nothing that could be named taken out.

    What is compared must have gone through the same parser; and the standard library's, fed with `<a <a …`,
    takes time that grows with the square of the length.
    """
    lower = entities.unescape(html).lower()
    return nh3.clean(
        html,
        tags=set(_TAG_NAME.findall(html.lower())),
        clean_content_tags=set(),
        generic_attribute_prefixes={""},
        url_schemes=set(_SCHEME.findall(lower)),
        link_rel=None,
    )


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


def _inventory(html: str) -> Counter[str]:
    """How often each tag, attribute and style property occurs in tidy HTML."""
    inventory = _Inventory()
    inventory.feed(html)
    inventory.close()
    return inventory.names


class _Inventory(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FRAME:
            return
        self.names[f"<{tag}>"] += 1
        for name, value in attrs:
            if name == "style":
                self.names.update(f"style: {style}" for style in _STYLE_NAME.findall((value or "").lower()))
            elif name in SCHEMES:
                self.names[f"{name}={(value or '')[:60]}"] += 1
            else:
                self.names[name] += 1
