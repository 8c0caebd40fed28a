"""Countries, languages and time zones by name, in the reader's language, sorted for a list to choose from."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

# Territories that Unicode lists beside the countries: unions, and codes for tests.
NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
CITIES = {("America/Coyhaique", "ru"): "Койайке"}  # younger than the names of Unicode
_FIXED = re.compile(r"(?:Etc/)?(?:GMT([+-]?\d+)?|UCT|UTC|Universal|Greenwich|Zulu)")
_OFFSET = re.compile(r" \(utc(?:[+-][0-9:]+)?\)$")
# "UTC+3" as people write it; "МСК+2", as the zones of Russia are called by law, and from which its cities differ.
_HOURS = re.compile(r"(?:utc|gmt)? ?([+-]) ?0?([0-9]{1,2})(?::00)?")
_FROM_MOSCOW = re.compile(r"(?:мск|msk)(?: ?([+-]) ?([0-9]{1,2}))?")
_RUSSIAN = {
    -1: "Europe/Kaliningrad", 0: "Europe/Moscow", 1: "Europe/Samara", 2: "Asia/Yekaterinburg", 3: "Asia/Omsk",
    4: "Asia/Krasnoyarsk", 5: "Asia/Irkutsk", 6: "Asia/Yakutsk", 7: "Asia/Vladivostok", 8: "Asia/Magadan",
    9: "Asia/Kamchatka",
}  # fmt: skip
_FURTHEST_EAST, _FURTHEST_WEST = 14, -12  # whole hours that the zone database has a name for
ALIASES: Mapping[str, str] = get_global("zone_aliases")  # former IANA name → present
# Folders of the zone database, and the region of the world (UN M.49) that names each.
REGIONS = {
    "Europe": "150",
    "Asia": "142",
    "Africa": "002",
    "America": "019",
    "Australia": "053",
    "Pacific": "009",
    "Atlantic": None,
    "Indian": None,
    "Antarctica": "AQ",
}


@lru_cache(maxsize=8)
def countries(language: str) -> list[tuple[str, str]]:
    """(ISO 3166 alpha-2, name) of every country."""
    names = Locale(language).territories.items()
    found = [(code, name) for code, name in names if code.isalpha() and code not in NOT_COUNTRIES]
    return sorted(found, key=lambda pair: _alphabetic(pair[1]))


def language_name(code: str, language: str) -> str:
    """What a reader of `language` calls the language of that code (BCP 47); the code where it has no name."""
    try:
        return Locale.parse(code, sep="-").get_display_name(language) or code
    except (ValueError, UnknownLocaleError):
        return code


def zone_labels(language: str, now: datetime) -> Mapping[str, str]:
    """IANA name → "city (UTC±h:mm)", region by region; no two labels are the same."""
    return _index(language, now.replace(minute=0, second=0, microsecond=0)).labels


def zone_label(zone: str, language: str, now: datetime) -> str:
    """Any IANA zone, former names too, as a list shows it: "city (UTC±h:mm)"."""
    labels = zone_labels(language, now)
    return labels.get(zone) or _labelled(_city(zone, language), _offset_seconds(zone, now))


def zone_of(typed: str, language: str, now: datetime) -> str | None:
    """The present IANA name of the zone that is meant: by that or a former name, by its label (of whatever season), by
    a city in Russian or English, or as "UTC+3" and "МСК+2", in any case; None where it is none, or one of several."""
    names = _index(language, now.replace(minute=0, second=0, microsecond=0)).names
    folded = _folded(typed)
    if (hours := _HOURS.fullmatch(folded)) and not is_zone(folded.upper()):  # "GMT+0" is one
        return _of_hours(int(hours[1] + hours[2]))
    if moscow := _FROM_MOSCOW.fullmatch(folded):
        return _RUSSIAN.get(int(moscow[1] + moscow[2]) if moscow[1] else 0)
    found = names.get(folded) or names.get(_OFFSET.sub("", folded), set())
    kinds = {ALIASES.get(zone, zone) for zone in found}  # Asia/Istanbul is Europe/Istanbul
    return present_zone(min(found & kinds or found)) if len(kinds) == 1 else None


def present_zone(zone: str) -> str:
    """Today's name of a place whose zone was called otherwise: Europe/Kyiv for Europe/Kiev."""
    present = ALIASES.get(zone, zone)
    return present if present.partition("/")[0] in REGIONS and present in _zones() else zone


def fixed_offset(zone: str) -> str:
    """UTC+03:00 for a zone that is always so far from UTC (Etc/GMT-3, whose name counts the other way round); any
    other as it is. `zone_of` reads both."""
    fixed = re.fullmatch(r"Etc/GMT([+-])(\d{1,2})", zone)
    return f"UTC{'-' if fixed[1] == '+' else '+'}{int(fixed[2]):02}:00" if fixed and int(fixed[2]) else zone


def is_zone(name: str) -> bool:
    """Whether it is the IANA name of a zone, letter for letter."""
    return name in _zones()


def same_zone(name: str) -> list[str]:
    """All IANA names of the zone, former and present ones (Asia/Calcutta is Asia/Kolkata); none for what is no zone."""
    if not is_zone(name):
        return []
    kind = ALIASES.get(name, name)
    return [kind, *(alias for alias, meant in ALIASES.items() if meant == kind)]


def _of_hours(ahead: int) -> str | None:
    """The zone that is always so many hours ahead of UTC: its IANA name counts the other way round."""
    if not _FURTHEST_WEST <= ahead <= _FURTHEST_EAST:
        return None
    return f"Etc/GMT{-ahead:+}" if ahead else "UTC"


def zones_like(typed: str, language: str, now: datetime) -> list[str]:
    """Up to three labels of zones that may have been meant, the likeliest first."""
    index, folded = _index(language, now.replace(minute=0, second=0, microsecond=0)), _folded(typed)
    bare = _OFFSET.sub("", folded)
    found = [*index.names.get(bare, ())]
    if len(folded) > 2:
        found += [zone for zone, label in index.labels.items() if folded in _folded(f"{label} {zone}")]
        for name in difflib.get_close_matches(bare, index.names, n=3, cutoff=0.7):
            found += sorted(index.names[name])
    return list(dict.fromkeys(index.labels.get(zone, zone) for zone in found))[:3]


@dataclass(frozen=True)
class _Index:
    labels: dict[str, str]
    names: dict[str, set[str]]  # what people call a zone, folded → the zones


@lru_cache(maxsize=8)
def _index(language: str, now: datetime) -> _Index:
    offered = [pair for zones in _time_zones(language, now).values() for pair in zones]
    same = Counter(label for _zone, label in offered)
    labels = {zone: label if same[label] == 1 else f"{label}, {zone}" for zone, label in offered}
    names: defaultdict[str, set[str]] = defaultdict(set)
    for each in ("ru", "en"):
        for zone, label in (pair for zones in _time_zones(each, now).values() for pair in zones):
            names[_OFFSET.sub("", _folded(label))].add(zone)
    for zone in sorted(_zones()):
        if (last := _folded(zone.rpartition("/")[2])) not in names:  # Kolkata, which was Calcutta
            names[last].add(zone)
    by_name = {_folded(zone): {zone} for zone in _zones()}
    return _Index(labels, {**names, **{_folded(label): {zone} for zone, label in labels.items()}, **by_name})


def _zones() -> set[str]:
    return zoneinfo.available_timezones() - {"Factory"}  # a placeholder of the zone database


@lru_cache(maxsize=8)
def _time_zones(language: str, now: datetime) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
    for zone in sorted(_zones(), key=lambda zone: (zone in ALIASES, zone)):  # London before Belfast, which follows it
        folder, _slash, place = zone.partition("/")
        if folder in REGIONS and place:
            city = _city(zone, language)
            # Old and new names of a city (Calcutta, Kolkata) are one line.
            found[folder].setdefault(city, (_offset_seconds(zone, now), zone))
    territories = Locale(language).territories
    groups = {"UTC": [("UTC", "UTC")]}
    for folder, code in REGIONS.items():
        cities = sorted(found[folder].items(), key=lambda item: (item[1][0], _alphabetic(item[0])))
        label = str(territories[code]) if code else _sea(folder, language)
        groups[label] = [(zone, _labelled(city, offset)) for city, (offset, zone) in cities]
    return groups


def city(zone: str, language: str) -> str:
    """The IANA zone as people call it: by its city."""
    return _city(zone, language)


def _city(zone: str, language: str) -> str:
    # Unicode keeps the names under former keys: Europe/Kiev has one, Europe/Kyiv has none.
    if found := CITIES.get((zone, language)):
        return found
    if fixed := _FIXED.fullmatch(zone):  # "Etc/GMT-3" is three hours ahead
        hours = int(fixed[1] or 0)
        return f"UTC{'−' if hours > 0 else '+'}{abs(hours)}" if hours else "UTC"
    kind = ALIASES.get(zone, zone)
    names = Locale(language).time_zones
    for key in (zone, kind, *(alias for alias, meant in ALIASES.items() if meant == kind)):
        if found := names.get(key, {}).get("city"):
            return str(found)
    return zone.rpartition("/")[2].replace("_", " ")


def _sea(folder: str, language: str) -> str:
    return {"Atlantic": "Атлантика", "Indian": "Индийский океан"}[folder] if language == "ru" else folder


def _offset_seconds(zone: str, now: datetime) -> float:
    offset = now.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0


def _utc(offset_seconds: float) -> str:
    if not offset_seconds:
        return "UTC"
    hours, minutes = divmod(abs(int(offset_seconds)) // 60, 60)
    sign = "+" if offset_seconds > 0 else "−"
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"


def _labelled(city: str, offset_seconds: float) -> str:
    offset = _utc(offset_seconds)
    return city if city == offset else f"{city} ({offset})"


def _alphabetic(name: str) -> str:
    return name.casefold().replace("ё", "е")


def _folded(text: str) -> str:
    return " ".join(_alphabetic(text).replace("_", " ").replace("−", "-").split())
