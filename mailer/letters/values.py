"""What a block may hold: each shape reads one raw value, from JSON or from a form, or refuses it with a code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailer.composing.placeholders import well_formed
from mailer.letters import rich
from mailer.letters.shapes import BadValue, DocumentError, ValueFault, build, plain

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s@]+@|tel:[+0-9])", re.IGNORECASE)
_HOST = re.compile(r"[\w\-]+(?:\.[\w\-]+)+(?::\d+)?(?:[/?#]|\Z)")
_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+")
_PHONE = re.compile(r"\+?[\d\s()\-]{5,25}")
_NO_URL = re.compile(r"[\s\"<>\\^`{|}]")
_MEDIA = re.compile(r"/i/[A-Za-z0-9_\-]{8,64}\.(?:jpg|png|gif)")
_STARTER = re.compile(r"starter/[a-z0-9\-]{1,40}\.(?:jpg|png)")
URL_LENGTH = 2000


def without_placeholders(text: str) -> str:
    """The text with a letter in place of each placeholder, to look at what stands around them."""
    parts, position = [], 0
    for span in well_formed(text):
        parts += [text[position : span.start], "x"]
        position = span.end
    return "".join([*parts, text[position:]])


def _text(raw: Any, limit: int) -> str:
    if not isinstance(raw, str):
        raise BadValue("type")
    text = _within(raw.replace("\r\n", "\n").replace("\r", "\n"), limit)
    if _CONTROL.search(text):
        raise BadValue("control_character")
    return text


def _within(text: str, limit: int) -> str:
    """The text, also after it was rewritten: what is kept must pass again when it is read from storage."""
    if len(text) > limit:
        raise BadValue("too_long", length=len(text), limit=limit)
    return text


@dataclass(frozen=True, slots=True)
class OneLine:
    """One line of text; placeholders are welcome."""

    limit: int = 200
    widget: str = "line"

    def read(self, raw: Any) -> str:
        """The line without spaces around it."""
        text = _text(raw, self.limit).strip()
        if "\n" in text:
            raise BadValue("line_break")
        return text


@dataclass(frozen=True, slots=True)
class RichText:
    """Formatted text, cleaned."""

    limit: int = 20_000
    widget: str = "rich"

    def read(self, raw: Any) -> str:
        """Clean HTML of the few tags that `rich` knows."""
        try:
            return _within(rich.clean(_text(raw, self.limit)), self.limit)
        except rich.TooDeep as error:
            raise BadValue("too_deep") from error


@dataclass(frozen=True, slots=True)
class OwnMarkup:
    """HTML of the author's own, kept as typed; what may leave of it is decided when the letter is compiled."""

    limit: int = 100_000
    widget: str = "markup"

    def read(self, raw: Any) -> str:
        """The HTML as typed."""
        return _text(raw, self.limit)


@dataclass(frozen=True, slots=True)
class PlainWords:
    """Plain text of several lines."""

    limit: int = 100_000
    widget: str = "words"

    def read(self, raw: Any) -> str:
        """The text, without blank lines around it."""
        return _text(raw, self.limit).strip("\n")


@dataclass(frozen=True, slots=True)
class LinkTo:
    """Where a click leads, or nothing."""

    widget: str = "link"

    def read(self, raw: Any) -> str:
        """An address with its scheme: `site.ru` becomes `https://site.ru`, `+7 900…` becomes `tel:+7900…`."""
        text = _text(raw, URL_LENGTH).strip()
        bare = without_placeholders(text)
        if not text or text.startswith("{{"):
            return self._checked(text, bare)
        if _ADDRESS.fullmatch(bare):
            text, bare = f"mailto:{text}", f"mailto:{bare}"
        elif _PHONE.fullmatch(bare):
            text = bare = "tel:" + re.sub(r"[^\d+]", "", bare)
        elif not _LINK.match(bare) and _HOST.match(bare):
            text, bare = f"https://{text}", f"https://{bare}"
        if not _LINK.match(bare):
            raise BadValue("scheme" if _SCHEME.match(bare) else "no_link")
        return self._checked(text, bare)

    def _checked(self, text: str, bare: str) -> str:
        if _NO_URL.search(bare):
            raise BadValue("no_link")
        return _within(text, URL_LENGTH)


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """A picture: an `https` address, one of the media library (`/i/….jpg`), one of ours (`starter/….jpg`), or none."""

    widget: str = "picture"

    def read(self, raw: Any) -> str:
        """The address as given."""
        text = _text(raw, URL_LENGTH).strip()
        if not text or _MEDIA.fullmatch(text) or _STARTER.fullmatch(text):
            return text
        if "{{" in text:
            raise BadValue("placeholder")
        if not re.match(r"https://[^\s/?#]", text, re.IGNORECASE):
            raise BadValue("not_https")
        if _NO_URL.search(text):
            raise BadValue("no_link")
        return text


@dataclass(frozen=True, slots=True)
class ColourCode:
    """`#rrggbb`; nothing, too, where the theme's colour can stand in."""

    optional: bool = False
    widget: str = "colour"

    def read(self, raw: Any) -> str:
        """In small letters."""
        text = _text(raw, 40).strip().lower()
        if not (_COLOUR.fullmatch(text) or (self.optional and not text)):
            raise BadValue("colour")
        return text


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    options: tuple[str, ...]
    widget: str = "choice"

    def read(self, raw: Any) -> str:
        """The word."""
        if raw not in self.options:
            raise BadValue("choice")
        return str(raw)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number within bounds."""

    least: int
    most: int
    widget: str = "number"

    def read(self, raw: Any) -> int:
        """The number, also from its digits."""
        digits = raw.strip() if isinstance(raw, str) else str(raw) if type(raw) is int else ""
        if not re.fullmatch(r"[0-9]{1,18}", digits, re.ASCII) or not self.least <= int(digits) <= self.most:
            raise BadValue("number", least=self.least, most=self.most)
        return int(digits)


@dataclass(frozen=True, slots=True)
class YesNo:
    """Yes or no."""

    widget: str = "flag"

    def read(self, raw: Any) -> bool:
        """True for True and a ticked box."""
        return raw is True or raw in ("1", "on", "y")


@dataclass(frozen=True, slots=True)
class SeveralOf:
    """Several things of one kind."""

    of: type
    least: int
    most: int
    widget: str = "items"

    def read(self, raw: Any) -> tuple[Any, ...]:
        """All of them, each checked."""
        if not isinstance(raw, (list, tuple)):
            raise BadValue("type")
        if not self.least <= len(raw) <= self.most:
            raise BadValue("count", least=self.least, most=self.most)
        made: list[Any] = []
        faults: list[ValueFault] = []
        for number, each in enumerate(raw):
            try:
                made.append(build(self.of, plain(each) if isinstance(each, self.of) else each))
            except DocumentError as error:
                faults += [ValueFault(f"{number}-{fault.field}", fault.code, fault.params) for fault in error.faults]
        if faults:
            raise DocumentError(faults)
        return tuple(made)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """An object that somebody else understands, kept as its text; empty: none."""

    most: int  # characters
    widget: str = "none"

    def read(self, raw: Any) -> str:
        """The text of an object, always the same for the same object."""
        if raw == "":
            return ""
        if not isinstance(raw, Mapping):
            raise BadValue("type")
        try:
            text = json.dumps(raw, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise BadValue("type") from None
        if len(text) > self.most:
            raise BadValue("length", limit=self.most)
        return text
