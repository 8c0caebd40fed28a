"""A designer's HTML leaves as it was made: only what is dangerous or impossible is taken out, and named.

Token by token, so that doctype, `<style>`, media queries, attributes of the body, VML and Outlook's comments stay as
they are, octet by octet. The safety of our own pages does not hang on it: they show letters in a frame that runs
nothing and knows nothing of the site.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from mailer.composing import allowed
from mailer.composing.css import MAX_LENGTH, clean_css, clean_style
from mailer.composing.marks import Marks
from mailer.composing.markup import Attribute, Token, attributes, tokens
from mailer.composing.placeholders import well_formed

SHOWN = 60  # characters of what was taken out
COMMENT = "<!-- … -->"
_HIDDEN_FROM_OTHERS = re.compile(r"(<!--\s*\[if [^\]<>]{1,80}\]>)(.*)(<!\[endif\]\s*-->)\Z", re.IGNORECASE | re.DOTALL)
_SEEN_BY_OTHERS = re.compile(
    r"<!--\s*+(?:\[if [^\]<>]{1,80}\]>\s*+(?:<!)?[\s\-]*+(?<=--)>|(?://)?\s*+<!\[endif\]\s*+-->)\Z", re.IGNORECASE
)
# A placeholder that an editor has percent-encoded, the braces or what is between them.
_ENCODED = re.compile(
    r"(?:%7B|\{){2}(?=[^{}\s<>\"']{0,500}?%)((?:%(?!7[BD])[0-9A-F]{2}|[^%{}\s<>\"']){1,500}+)(?:%7D|\}){2}",
    re.IGNORECASE,
)
_HTML_COMMENT_IN_CSS = re.compile(r"\A\s*<!--|-->\s*\Z")
_SPACES = re.compile(r"[\0-\x20\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class SievedHtml:
    """HTML fit for a mail. `removed` names what was taken out: `<script>`, `onclick`, `style: position`, `href=…`."""

    html: str
    removed: list[str]


def sieve(html: str, *, is_piece: bool = False) -> SievedHtml:
    """The HTML without what no mail may carry. Repeating it changes nothing more; its time grows with its length.

    A piece is put into a letter that has a head and a body: those of its own are left out, without a word.
    """
    marks = Marks(_ENCODED.sub(_decoded, html))
    work = _Sieve(marks, is_piece)
    clean = marks.restore_html(work.sieved(marks.text))
    removed = dict.fromkeys(marks.restore_text(name) for name in work.removed)
    return SievedHtml(clean, sorted(removed))


def _decoded(found: re.Match[str]) -> str:
    placeholder = "{{" + entities.escape(unquote(found[1])) + "}}"
    return placeholder if any(True for _span in well_formed(placeholder)) else found[0]


class _Sieve:
    """One pass over HTML whose placeholders are marks."""

    def __init__(self, marks: Marks, is_piece: bool) -> None:
        self._marks, self._is_piece, self._is_for_outlook = marks, is_piece, False
        self.removed: list[str] = []
        self._css_length = 0

    def sieved(self, text: str) -> str:
        """The text without what is taken out."""
        return "".join(self._kept(text))

    def _kept(self, text: str) -> Iterator[str]:
        skipping = ""  # the element that is left out with its content
        for token in tokens(text):
            if skipping:
                if token.kind == "end" and token.name == skipping:
                    skipping = ""
                continue
            if token.kind == "start" and token.name in self._dropped_with_content:
                self._note(f"<{token.name}>")
                skipping = "" if token.inside.endswith("/") else token.name
                continue
            yield self._piece(token)

    @property
    def _dropped_with_content(self) -> frozenset[str]:
        whole = allowed.DROPPED_WITH_CONTENT
        return whole - allowed.OUTLOOKS_OWN if self._is_for_outlook else whole

    def _piece(self, token: Token) -> str:
        if self._is_piece and (token.kind in ("doctype", "title") or token.name in allowed.FRAME):
            return ""
        if token.kind in ("text", "doctype", "condition"):
            return token.source
        if token.kind in ("start", "end"):
            return self._tag(token)
        if token.kind == "style":
            return self._style(token)
        if token.kind == "title":
            inside = self._outside(token.inside, "title").replace("<", "&lt;")
            return token.source if inside == token.inside else f"<title>{inside}</title>"
        if token.kind == "comment":
            return self._comment(token.source)
        if token.kind == "stray":
            self._note("<")
            return "&lt;"
        self._note(f"<{token.name}>" if token.kind == "raw" else token.source)
        return ""

    def _tag(self, token: Token) -> str:
        name = token.name
        if name in allowed.DROPPED_TAGS or name in self._dropped_with_content:
            if token.kind == "start":
                self._note(f"<{name}>")
            return ""
        if token.kind == "end":
            return token.source if not token.inside.strip() else f"</{name}>"
        found, junk = attributes(token.inside)
        if name == "meta" and not _is_harmless(found):
            self._note(f"<meta{token.inside.rstrip('/ ')}>")
            return ""
        if name == "input" and not _is_switch(found):
            self._note("<input>")
            return ""
        if junk:
            self._note(f"<{name} {junk}>")
        kept = [self._attribute(attribute) for attribute in found]
        if not junk and all(piece == attribute.source for piece, attribute in zip(kept, found, strict=True)):
            return self._marks.as_in_attribute(token.source)
        closing = " /" if token.inside.rstrip().endswith("/") else ""
        head = token.source[: len(name) + 1]
        apart = "".join(piece if piece[:1].isspace() else f" {piece}" for piece in kept if piece)
        return self._marks.as_in_attribute(f"{head}{apart}{closing}>")

    def _attribute(self, attribute: Attribute) -> str:
        """The attribute as it is, or what is left of it."""
        name, value = attribute.name, attribute.value
        if name.startswith("on") or name in allowed.DROPPED_ATTRIBUTES or self._marks.prefix in name:
            self._note(name)
            return ""
        if value is None:
            return attribute.source
        if self._marks.prefix in value and name not in allowed.MAY_HOLD_PLACEHOLDERS:
            self._note(name)
            return ""
        if name in allowed.ADDRESSES and not self._leads_somewhere(value, allowed.ADDRESSES[name]):
            self._note(f"{name}={value}")
            return ""
        if name == "style":
            style, lost = clean_style(value, may_be_placed=self._is_for_outlook)
            if lost or style != value:
                self.removed += lost
                return f' style="{entities.escape(style)}"' if style else ""
        if self._marks.prefix in value and attribute.raw[:1] not in ("'", '"'):
            return f' {name}="{attribute.raw.replace("<", "&lt;")}"'  # the value that comes there may have spaces
        return attribute.source.replace("<", "&lt;")  # the same to a browser, and no tag to a lenient reader

    def _leads_somewhere(self, value: str, schemes: tuple[str, ...]) -> bool:
        address = _SPACES.sub("", value).lower()
        if address.startswith(self._marks.prefix):
            return not re.match(rf"{self._marks.prefix}\d+[a-z]:", address)
        return address.startswith(schemes) or (not address and "#" in schemes)

    def _style(self, token: Token) -> str:
        """The sheet in its tag; only what says for which screens it is stays of the tag."""
        sheet = self._outside(token.inside, "style")
        bare = _HTML_COMMENT_IN_CSS.sub("", sheet) if "<!--" in sheet else sheet
        self._css_length += len(bare)
        css, lost = clean_css(bare) if self._css_length <= MAX_LENGTH else ("", ["<style>"])
        self.removed += lost
        if not css.strip():
            return ""
        found, junk = attributes(token.of_tag)
        known = [
            each.source for each in found if each.name in allowed.OF_STYLE and self._marks.prefix not in each.source
        ]
        if not junk and len(known) == len(found) and css == bare and sheet == token.inside:
            return token.source if token.source.endswith(">") else f"{token.source}</style>"
        return f"<style{''.join(known)}>{css}</style>"

    def _outside(self, text: str, name: str) -> str:
        """A text in which no placeholder may stand."""
        if self._marks.prefix not in text:
            return text
        self._note(f"{{{{ }}}} <{name}>")
        return self._marks.without(text)

    def _comment(self, source: str) -> str:
        """Outlook's conditional comments stay, and what they hold for Outlook goes through the same sieve."""
        if _SEEN_BY_OTHERS.match(source):
            return source
        if found := _HIDDEN_FROM_OTHERS.match(source):
            outside, self._is_for_outlook = self._is_for_outlook, True
            inside = self.sieved(found[2])
            self._is_for_outlook = outside
            return found[1] + inside + found[3]
        self._note(COMMENT)
        return ""

    def _note(self, what: str) -> None:
        self.removed.append(" ".join(what.split())[:SHOWN])


def _is_switch(found: list[Attribute]) -> bool:
    """Whether an `<input>` is a box to tick that says how the letter is shown, and nothing else."""
    kind = next((attribute.value for attribute in found if attribute.name == "type"), None)
    names = (attribute.name for attribute in found)
    is_known = all(name in allowed.OF_SWITCH or name.startswith(("aria-", "data-", "on")) for name in names)
    return is_known and (kind or "").strip().lower() in allowed.SWITCHES


def _is_harmless(found: list[Attribute]) -> bool:
    """Whether a `<meta>` only describes the letter as it is sent."""
    values = {attribute.name: (attribute.value or "").strip().lower() for attribute in found}
    if charset := values.get("charset"):
        return bool(allowed.UTF_8.fullmatch(charset))
    header = values.get("http-equiv")
    if header == "content-type" and "charset" in values.get("content", ""):
        return bool(allowed.UTF_8.search(values["content"]))
    return header in allowed.META_HEADERS if header else values.get("name") in allowed.META_NAMES
