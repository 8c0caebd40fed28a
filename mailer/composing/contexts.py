"""Where a placeholder stands, and how a value is written there so that it stays a value."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from mailer.composing.placeholders import Placeholder

Escape = Callable[[str], str]
_LINK = re.compile(r"(?:https?://|mailto:|tel:|cid:)", re.IGNORECASE)
_WEB_PLACE = re.compile(r"(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,24}(?::\d{1,5})?(?:[/?#].*)?", re.DOTALL)
_MAILBOX = re.compile(r"[^\s@:/?#]{1,64}@(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_TELEPHONE = re.compile(r"\+?[0-9][0-9\s().\-\u00a0\u2010-\u2015]{4,30}[0-9]")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9/:_.\-]+")
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%"
_OPEN_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"()]*\Z", re.IGNORECASE)
_URL_TAIL = 2000


def in_html(value: str) -> str:
    """A value as text or within a quoted attribute."""
    return html.escape(_plain(value))


def in_url(value: str) -> str:
    """A value as a part of an address that the author began."""
    return quote(_plain(value).strip(), safe="@", errors="replace")


def as_url(value: str) -> str:
    """A value as a whole address; `#`, which leads nowhere, unless it is a link that may be clicked."""
    if _PLAIN_LINK.fullmatch(value):  # all that follows would change nothing
        return value
    address = _plain(value).strip()
    return html.escape(quote(address, safe=_URL_CHARACTERS, errors="replace")) if _LINK.match(address) else "#"


def as_link(value: str) -> str:
    """As `as_url`; what people write for a link leads there too: a site without https://, a mailbox, a telephone."""
    if _PLAIN_LINK.fullmatch(value):
        return value
    address = _plain(value).strip()
    if not _LINK.match(address):
        if _TELEPHONE.fullmatch(address):
            return f"tel:{in_telephone(address)}"
        if _MAILBOX.fullmatch(address):
            address = f"mailto:{address}"
        elif _WEB_PLACE.fullmatch(address):
            address = f"https://{address}"
        else:
            return "#"
    return html.escape(quote(address, safe=_URL_CHARACTERS, errors="replace"))


def in_place(value: str) -> str:
    """A value after the `https://` that the author wrote: a site with or without a scheme of its own."""
    address = _SCHEME.sub("", _plain(value).strip(), count=1)
    return html.escape(quote(address, safe=_URL_CHARACTERS, errors="replace"))


def in_telephone(value: str) -> str:
    """A value after `tel:`: its digits (RFC 3966 knows no spaces)."""
    return ("+" if value.strip().startswith("+") else "") + "".join(re.findall("[0-9]", value))


def in_text(value: str) -> str:
    """A value in plain text."""
    return _plain(value)


def html_escapes(parts: Iterable[str | Placeholder]) -> Iterator[Escape]:
    """For each placeholder of an HTML template of the first renderer, which knew nh3's HTML only."""
    scanner = _AttributeScanner()
    for part in parts:
        if isinstance(part, str):
            scanner.read(part)
            continue
        if scanner.attribute in ("href", "src"):
            yield as_url if scanner.is_at_start else in_url
        else:
            yield in_html
        scanner.is_at_start = False


def text_escapes(parts: Iterable[str | Placeholder]) -> Iterator[Escape]:
    """For each placeholder of a plain text template, how to write its value."""
    is_in_url = False
    for part in parts:
        if isinstance(part, str):
            tail = part[-_URL_TAIL:]
            is_in_url = bool(_OPEN_URL_IN_TEXT.search(tail)) or (is_in_url and not re.search(r"[\s<>\"()]", part))
        else:
            yield in_url if is_in_url else in_text


class _AttributeScanner:
    """Follows HTML as nh3 writes it: `<` and `>` only around tags, attributes in double quotes."""

    def __init__(self) -> None:
        self.attribute: str | None = None  # the one whose value is open
        self.is_at_start = False
        self._is_in_tag = False

    def read(self, literal: str) -> None:
        if self.attribute is not None:
            _, quote_found, rest = literal.partition('"')
            if not quote_found:
                self.is_at_start = self.is_at_start and not literal
                return
            self.attribute, literal = None, rest
        start = literal.rfind("<")
        self._is_in_tag = ">" not in literal[start + 1 :] and (start >= 0 or self._is_in_tag)
        name, equals, value = literal[start + 1 :].rpartition('="')
        if self._is_in_tag and equals and '"' not in value:
            self.attribute = name.rsplit(None, 1)[-1].lower()
            self.is_at_start = not value


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def _plain(value: str) -> str:
    """Line breaks as `\\n` alone, for the encoder; no NUL and its kind."""
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")) if _CONTROL.search(value) else value
