"""A client's values as people type them, cleaned: what is kept, what is quietly mended, and what is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mailer.clients.refused import ValueRefused
from mailer.clock import utcnow

MAX_NAME, MAX_COMMENT, MAX_TAG, MAX_TAGS = 150, 2000, 50, 50
MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTE, MAX_ATTRIBUTES = 50, 500, 50
FIRST_YEAR = 1900
UNDECODABLE = "\ufffd"
# 1985, 1985.0 as spreadsheets write numbers, 01.02.1985 and 1985-02-01 as they write dates, a time behind or not.
_YEAR = re.compile(
    r"([0-9]{4})(?:[.,]0+)?(?:\s*(?:г\.?|год))?|[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4})(?:[ T].*)?"
    r"|([0-9]{4})[./-][0-9]{1,2}[./-][0-9]{1,2}(?:[ T].*)?"
)
_TAG_SEPARATORS = re.compile(r"[,;|]")
_TAG = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[,;|]|$)|([^,;|]+)')
_SPACES = re.compile(r"[^\S\n]+")
# Zero-width spaces and joiners, the byte order mark, and the controls that turn the direction of what follows.
# U+200D stays: emoji are made with it.
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)


def clean_text(raw: str, limit: int, *, is_multiline: bool = False) -> str:
    """`raw` in NFC without invisible characters and spare spaces.

    Raises `ValueRefused`: `too_long`, `control_character`, or `undecodable` where the file's encoding did not fit.
    """
    if raw.isprintable() and UNDECODABLE not in raw and unicodedata.is_normalized("NFC", raw):  # nearly all there are
        return _within(" ".join(raw.split()), limit)
    text = raw.replace("\r\n", "\n").replace("\r", "\n") if is_multiline else raw
    if any(unicodedata.category(char) == "Cc" and char not in "\t\n" for char in text.rstrip("\r\n")):
        raise ValueRefused("control_character")
    if UNDECODABLE in text:
        raise ValueRefused("undecodable")
    text = unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()
    text = _SPACES.sub(" ", text) if is_multiline else " ".join(text.split())
    return _within(text, limit)


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValueRefused("too_long", limit=limit, length=len(text))
    return text


def clean_name(raw: str) -> str:
    """A last name, first name or patronymic."""
    return clean_text(raw, MAX_NAME)


def clean_comment(raw: str) -> str:
    """A comment, which may have several lines."""
    return clean_text(raw, MAX_COMMENT, is_multiline=True)


def split_full_name(raw: str) -> tuple[str, str, str]:
    """Last name, first name and patronymic of «Фамилия Имя Отчество»; a single word is a first name."""
    words = clean_text(raw, 3 * MAX_NAME).split(" ")
    if len(words) == 1:
        return "", clean_name(words[0]), ""
    return clean_name(words[0]), clean_name(words[1]), clean_name(" ".join(words[2:]))


def clean_year(raw: str) -> int | None:
    """A year of birth from 1900 to this year, alone or in a date, or None when there is none."""
    text = raw.strip()
    if not text:
        return None
    found = _YEAR.fullmatch(text)
    if found is None:
        raise ValueRefused("year_not_a_number")
    year, last = int(next(filter(None, found.groups()))), utcnow().year
    if not FIRST_YEAR <= year <= last:
        raise ValueRefused("year_out_of_range", first=FIRST_YEAR, last=last)
    return year


def clean_tags(raw: str | Iterable[str]) -> list[str]:
    """The tags in a line, separated by commas, semicolons or vertical bars; each once, whatever its case.

    A tag in quotation marks may hold the separators: what `join_tags` writes, and other programs too.
    """
    parts = _split_tags(raw) if isinstance(raw, str) else raw
    tags: dict[str, str] = {}
    for part in parts:
        if tag := clean_text(part, MAX_TAG):
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > MAX_TAGS:
        raise ValueRefused("too_many_tags", limit=MAX_TAGS)
    return list(tags.values())


def _split_tags(line: str) -> list[str]:
    if '"' not in line:
        return _TAG_SEPARATORS.split(line)
    quoted = [(found[1], found[2]) for found in _TAG.finditer(line)]
    return [plain if inside is None else inside.replace('""', '"') for inside, plain in quoted]


def join_tags(tags: Iterable[str]) -> str:
    """Tags as one line that `clean_tags` reads back."""
    needing = (tag if not re.search(r'[,;|"]', tag) else '"' + tag.replace('"', '""') + '"' for tag in tags)
    return ", ".join(needing)


def clean_attribute_name(raw: str) -> str:
    """What an owner calls a detail of their own, such as «Город»."""
    name = clean_text(raw, MAX_ATTRIBUTE_NAME)
    if not name or ":" in name:
        raise ValueRefused("attribute_name")
    return name


def clean_attributes(raw: str) -> dict[str, str]:
    """Details typed as lines of `name: value`."""
    attributes: dict[str, str] = {}
    for line in raw.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueRefused("attribute_without_colon", line=line.strip()[:80])
        if text := clean_text(value, MAX_ATTRIBUTE):
            attributes[clean_attribute_name(name)] = text
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueRefused("too_many_attributes", limit=MAX_ATTRIBUTES)
    return attributes
