"""Holidays of countries (from the `holidays` library) with what an owner has changed in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from babel import Locale

OWN = "own"  # no country: only the dates that the owner gives
FIRST_YEAR, LAST_YEAR = 1995, 2100  # of the countries' calendars
LANGUAGES = {"ru": "ru", "en": "en_US"}


@dataclass(frozen=True, slots=True)
class Change:
    """One date as an owner wants it: a holiday of that name, or (without a name) a working day."""

    day: date
    name: str | None


@dataclass(frozen=True, slots=True)
class OwnersDaysOff:
    """The holidays of one country (or of one state or province of it), or of none (`OWN`), as one owner keeps them."""

    country: str
    changes: frozenset[Change] = frozenset()
    language: str = "en"
    subdivision: str | None = None  # as the library has it: BY of DE
    _changed: dict[date, str | None] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """A rule asks for each of many days."""
        object.__setattr__(self, "_changed", {change.day: change.name for change in self.changes})

    def holiday(self, day: date) -> str | None:
        """The holiday's name, in `language` where the country's calendar has it."""
        if day in self._changed:
            return self._changed[day]
        return _year(self.country, self.subdivision, day.year, self.language).names.get(day)

    def is_weekend(self, day: date) -> bool:
        """Whether it is one of the days of the country's weekend."""
        return day.weekday() in _year(self.country, self.subdivision, day.year, self.language).weekend

    def is_worked(self, day: date) -> bool:
        """Whether a weekend is worked: the country moved it, or the owner says so."""
        if self._changed.get(day, "") is None:
            return True
        return day in _year(self.country, self.subdivision, day.year, self.language).worked


@dataclass(frozen=True, slots=True)
class _Year:
    """One year of a calendar; `weekend` in weekdays from Monday, 0."""

    names: dict[date, str] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()
    weekend: frozenset[int] = frozenset({5, 6})


def countries(language: str) -> list[tuple[str, str]]:
    """Code and name of the countries whose holidays are known, by name."""
    territories = Locale.parse(language).territories
    known = [(code, str(territories[code])) for code in _codes() if code in territories]
    return sorted(known, key=lambda country: country[1])


def country_name(code: str, language: str) -> str:
    """The country's name; the code itself for what is none."""
    return str(Locale.parse(language).territories.get(code, code))


def subdivisions(country: str) -> list[tuple[str, str]]:
    """Code and name of the states or provinces that have holidays of their own, by name; none for most countries."""
    if country not in _codes():
        return []
    found = _library().country_holidays(country, expand=False)
    names: dict[str, str] = {}
    for name, code in getattr(found, "subdivisions_aliases", {}).items():
        names.setdefault(code, name)
    return sorted(((code, names.get(code, code)) for code in found.subdivisions), key=lambda each: each[1])


def subdivision_name(country: str, code: str) -> str:
    """The name of a state or province; the code itself for what is none."""
    return dict(subdivisions(country)).get(code, code)


def is_known(code: str) -> bool:
    """Whether `code` names a calendar."""
    return code == OWN or code in _codes()


def _library() -> Any:
    """The `holidays` library, once somebody asks: 4 MiB and a fifth of a second that most processes never need."""
    import holidays

    return holidays


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(code for code in _library().list_supported_countries(include_aliases=False) if len(code) == 2)


@lru_cache(maxsize=4096)
def _year(country: str, subdivision: str | None, year: int, language: str) -> _Year:
    if country == OWN:
        return _Year()
    # No calendar is published of years far away; their weekends are those of the last one.
    asked = min(max(year, FIRST_YEAR), LAST_YEAR)
    try:
        found = _library().country_holidays(
            country, subdiv=subdivision, years=asked, language=LANGUAGES.get(language), expand=False
        )
    except (ValueError, NotImplementedError, KeyError):
        return _Year()
    weekend = frozenset(found.weekend)
    if asked != year:
        return _Year(weekend=weekend)
    names = {day: found[day] for day in found if day.year == year}
    return _Year(names, frozenset(getattr(found, "weekend_workdays", ())), weekend)
