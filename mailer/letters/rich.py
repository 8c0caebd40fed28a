"""Formatted text of a block: the few tags it may hold, and how they are written in a mail."""

from __future__ import annotations

import html
import re

import nh3

from mailer.composing.marks import Marks
from mailer.composing.plain_text import plain_text
from mailer.letters.colours import readable

MAX_DEPTH = 16  # of nested tags: nobody means more, and a compiler's stack is not endless
TAGS = {"p", "br", "b", "strong", "i", "em", "a", "ul", "ol", "li", "span"}
SCHEMES = {"http", "https", "mailto", "tel"}
# Classes rather than styles: they are checked by name, and shown under a policy that knows no inline styles.
SIZES = {"size-small": "13px", "size-large": "20px", "size-huge": "26px"}
COLOURS = {
    "ink-accent": "", "ink-muted": "",  # the theme's
    "ink-red": "#b3261e", "ink-green": "#1b6b40", "ink-blue": "#1f56b3", "ink-violet": "#6b3fa0",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-z]+)")
_LOOKS_LIKE_HTML = re.compile(r"</?(?:p|br|b|strong|i|em|a|ul|ol|li|span|div|h[1-6]|table)\b[^<>]*>", re.IGNORECASE)
_EMPTY_END = re.compile(r"(?:<p>(?:\s|&nbsp;|<br>)*</p>\s*)+\Z")
_DIV = re.compile(r"<(/?)div\b[^<>]*>", re.IGNORECASE)
_BARE = re.compile(r"<(b|i|strong|em|span|a)(?: [^<>]*)?></\1>")
_SPAN = re.compile(r'<span class="([a-z\- ]+)">')


class TooDeep(ValueError):
    """Lists within lists within lists."""


def clean(text: str) -> str:
    """The HTML that may stay, placeholders included; plain words become paragraphs. Repeating it changes nothing."""
    text = text.replace("\u200b", "")  # the editor's, for the cursor to stand on
    text = _DIV.sub(r"<\1p>", text) if _LOOKS_LIKE_HTML.search(text) else paragraphs(text)
    if _depth(text.lower()) > MAX_DEPTH:
        raise TooDeep
    marks = Marks(text)
    kept = nh3.clean(
        marks.text,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "template"},
        attributes={"a": {"href"}, "span": {"class"}},
        attribute_filter=lambda tag, name, value: _kept(marks, name, value),
        url_schemes=SCHEMES,
        url_relative=lambda url: url if url.startswith(marks.prefix) else None,
        link_rel=None,
    )
    kept = _without_bare("a", _without_bare("span", kept))
    while _BARE.search(kept):
        kept = _BARE.sub("", kept)
    kept = kept.replace("<p></p>", "")
    kept = _EMPTY_END.sub("", marks.restore_html(kept)).strip()
    return f"<p>{kept}</p>" if kept and not _LOOKS_LIKE_HTML.search(kept) else kept  # else taken for plain words later


def paragraphs(text: str) -> str:
    """Plain words as HTML: an empty line begins a paragraph."""
    parts = [part.strip("\n") for part in re.split(r"\n\s*\n", text.strip())]
    return "".join(f"<p>{_escaped(part).replace(chr(10), '<br>')}</p>" for part in parts if part.strip())


def as_mail(kept: str, link: str, accent: str, muted: str, ground: str) -> str:
    """Clean HTML with the styles that mail programs need, its colours readable on `ground`."""
    styled = kept.replace("<br>", "<br/>")
    styled = styled.replace("<p>", '<p style="margin:0 0 12px">')
    head, last, tail = styled.rpartition('<p style="margin:0 0 12px">')
    if last and tail.rstrip().endswith("</p>"):
        styled = f'{head}<p style="margin:0">{tail}'
    for tag in ("ul", "ol"):
        styled = styled.replace(f"<{tag}>", f'<{tag} style="margin:0 0 12px;padding-left:24px">')
    styled = styled.replace("<li>", '<li style="margin:0 0 4px">')
    styled = styled.replace("<a href=", f'<a style="color:{link};text-decoration:underline" href=')
    own = COLOURS | {"ink-accent": accent, "ink-muted": muted}

    def span(found: re.Match[str]) -> str:
        styles = [f"font-size:{SIZES[name]};line-height:1.3" for name in found[1].split() if name in SIZES]
        styles += [f"color:{readable(own[name], ground)}" for name in found[1].split() if name in own]
        return f'<span class="{found[1]}" style="{";".join(styles)}">'

    return _SPAN.sub(span, styled)


def as_text(kept: str) -> str:
    """The same as plain text."""
    marks = Marks(kept)
    return marks.restore_text(plain_text(marks.text)).strip()


def _kept(marks: Marks, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if word in SIZES or word in COLOURS) or None
    return marks.as_in_attribute(value)


def _escaped(text: str) -> str:
    marks = Marks(text)
    return marks.restore_html(html.escape(marks.text, quote=False))


def _without_bare(tag: str, kept: str) -> str:
    """Tags that lost their attribute, and mean nothing without it, taken out with their ends."""
    written: list[str] = []
    are_kept: list[bool] = []
    for part in re.split(rf"(<{tag}(?: [^>]*)?>|</{tag}>)", kept):
        if part == f"</{tag}>":
            written.append(part if not are_kept or are_kept.pop() else "")
        elif part.startswith((f"<{tag}>", f"<{tag} ")):
            are_kept.append(part != f"<{tag}>")
            written.append(part if are_kept[-1] else "")
        else:
            written.append(part)
    return "".join(written)


def _depth(markup: str) -> int:
    """How deep its tags nest, those that close by themselves not counted."""
    deepest = depth = 0
    for tag in _TAG.finditer(markup):
        if tag[2] in {"br", "img", "hr", "p", "li"}:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest
