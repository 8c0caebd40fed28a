"""The language and the time zone of a person, as people and other programs write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from babel.core import get_global

from mailer import places
from mailer.clients.refused import ValueRefused
from mailer.clock import utcnow
from mailer.composing.languages import UNSUBSCRIBE
from mailer.zones import MAX_LENGTH

_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*")
# ISO 639-2 in both of its forms, the countries that stand for their language in many files, and how people shorten.
_CODES = {
    "rus": "ru", "eng": "en", "bel": "be", "ces": "cs", "cze": "cs", "deu": "de", "ger": "de", "spa": "es",
    "fin": "fi", "fra": "fr", "fre": "fr", "ita": "it", "kaz": "kk", "nld": "nl", "dut": "nl", "pol": "pl",
    "por": "pt", "swe": "sv", "tur": "tr", "ukr": "uk", "ua": "uk", "kz": "kk", "cz": "cs",
    "ру": "ru", "рус": "ru", "анг": "en", "англ": "en", "нем": "de", "фр": "fr", "исп": "es", "укр": "uk", "бел": "be",
    "каз": "kk",
    "по-русски": "ru", "по-английски": "en",
}  # fmt: skip
# What stands behind a locale of Unix ("ru_RU.UTF-8", "sr_RS@latin") and of Windows ("Russian_Russia.1251").
_ENCODING = re.compile(r"(?<=[a-z])(?:[.@][a-z0-9.@_-]+)+$")
_COUNTRY = re.compile(r"_[a-z .]+$")
# "(UTC+03:00) Moscow, St. Petersburg", as Windows and programs of offices show a zone: its cities.
_SHOWN = re.compile(r"\((?:utc|gmt)(?:[+\-−][0-9]{1,2}:[0-9]{2})?\) *(.+)", re.I)
_BRACKETS = re.compile(r"\s*\(.*\)$")
_ADDED = re.compile(r"\s+(?:язык|language)$|^(?:язык|language)\s+")


def clean_language(raw: str) -> str:
    """The code of a language that messages can have: of "русский", "Russian (Russia)", "ru-RU", "en_US.UTF-8", "rus";
    empty for nothing. Raises `ValueRefused`: `language_unknown`."""
    code = _language_of(raw[:MAX_LENGTH].strip().casefold())
    if code is None:
        raise ValueRefused("language_unknown")
    return code


def clean_zone(raw: str) -> str:
    """The present IANA name of a zone: of "Москва", "Europe/Moscow", "UTC+3", "МСК+2", "Russian Standard Time"; empty
    for nothing. Raises `ValueRefused`: `zone_unknown`."""
    text = " ".join(raw[: MAX_LENGTH + 1].split())
    zone = "" if not text else _zone_of(text, utcnow().strftime("%Y%m%d%H"))
    if zone is None:
        raise ValueRefused("zone_unknown")
    return zone


def are_languages(cells: Sequence[str]) -> bool:
    """Whether at least half of what is written there are languages."""
    return 0 < len(cells) <= 2 * sum(_language_of(cell.strip().casefold()) is not None for cell in cells)


def are_named_languages(cells: Sequence[str]) -> bool:
    """Whether each is a language beyond doubt: a word or a whole tag, since "de" alone may be a country."""
    known = (len(cell.strip()) > 3 and _language_of(cell.strip().casefold()) is not None for cell in cells)
    return bool(cells) and all(known)


def are_zones(cells: Sequence[str]) -> bool:
    """Whether each is an IANA name with its region."""
    return bool(cells) and all("/" in cell and places.is_zone(cell.strip()) for cell in cells)


def _language_of(text: str) -> str | None:
    text = _ADDED.sub("", _BRACKETS.sub("", text)).rstrip(".")
    if not text:
        return ""
    text = _ENCODING.sub("", text)
    if found := _words().get(text) or _words().get(_COUNTRY.sub("", text)):
        return found
    tag = _TAG.fullmatch(text)
    code = _CODES.get(tag[1], tag[1]) if tag else ""
    return code if code in UNSUBSCRIBE else None


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    """Each language by its name in Russian, in English and in itself."""
    named = {
        places.language_name(code, reader).casefold(): code for code in UNSUBSCRIBE for reader in ("ru", "en", code)
    }
    return named | _CODES


@lru_cache(maxsize=4096)
def _zone_of(text: str, _hour: str) -> str | None:
    """A file names few zones, and each many times; their labels change with the season."""
    if len(text) > MAX_LENGTH:
        return None
    if found := _named_zone(text):
        return found
    shown = _SHOWN.fullmatch(text)
    meant = {_named_zone(city.strip()) for city in shown[1].split(",")} - {None} if shown else set()
    return meant.pop() if len(meant) == 1 else None


def _named_zone(name: str) -> str | None:
    windows, folded = _windows_zones(), name.casefold()
    found = places.zone_of(name, "ru", utcnow()) or windows.get(folded) or windows.get(f"{folded} standard time")
    return places.present_zone(found) if found else None


@lru_cache(maxsize=1)
def _windows_zones() -> dict[str, str]:
    """Windows' names of zones ("Russian Standard Time") in Unicode's table, by the zone of the world at large."""
    return {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
