"""Countries and time zones by name, in the reader's language, sorted for a list to choose from."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.dates import get_timezone_location

# Territories that Unicode lists beside the countries: unions, and codes for tests.
NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
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


def time_zones(language: str, now: datetime, current: str) -> dict[str, list[tuple[str, str]]]:
    """Region → [(IANA name, "city (UTC±h:mm)")], by offset and then by name; `current` is always among them."""
    grouped = _time_zones(language, now.replace(minute=0, second=0, microsecond=0))
    if any(current == zone for zones in grouped.values() for zone, _label in zones):
        return grouped
    return {current: [(current, current)], **grouped}


@lru_cache(maxsize=8)
def _time_zones(language: str, now: datetime) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
    for zone in sorted(zoneinfo.available_timezones()):
        folder, _slash, place = zone.partition("/")
        if folder in REGIONS and place:
            city = str(get_timezone_location(zone, locale=language, return_city=True))
            # Old and new names of a city (Calcutta, Kolkata) are one line.
            found[folder].setdefault(city, (_offset_seconds(zone, now), zone))
    territories = Locale(language).territories
    groups = {"UTC": [("UTC", "UTC")]}
    for folder, code in REGIONS.items():
        cities = sorted(found[folder].items(), key=lambda item: (item[1][0], _alphabetic(item[0])))
        label = str(territories[code]) if code else _sea(folder, language)
        groups[label] = [(zone, f"{city} ({_utc(offset)})") for city, (offset, zone) in cities]
    return groups


def city(zone: str, language: str) -> str:
    """The IANA zone as people call it: by its city."""
    return str(get_timezone_location(zone, locale=language, return_city=True)).rpartition("/")[2]


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


def _alphabetic(name: str) -> str:
    return name.casefold().replace("ё", "е")
