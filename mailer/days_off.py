"""Holidays of countries (from the `holidays` library) with what an owner has changed in them."""

from __future__ import annotations

from dataclasses import dataclass
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
    """The holidays of one country, or of none (`OWN`), as one owner keeps them."""

    country: str
    changes: frozenset[Change] = frozenset()
    language: str = "en"

    def holiday(self, day: date) -> str | None:
        """The holiday's name, in `language` where the country's calendar has it."""
        for change in self.changes:
            if change.day == day:
                return change.name
        return _names(self.country, day.year, self.language).get(day)

    def is_worked(self, day: date) -> bool:
        """Whether a weekend is worked: the country moved it, or the owner says so."""
        if any(change.day == day and change.name is None for change in self.changes):
            return True
        return day in _worked(self.country, day.year)


def countries(language: str) -> list[tuple[str, str]]:
    """Code and name of the countries whose holidays are known, by name."""
    territories = Locale.parse(language).territories
    known = [(code, str(territories[code])) for code in _codes() if code in territories]
    return sorted(known, key=lambda country: country[1])


def country_name(code: str, language: str) -> str:
    """The country's name; the code itself for what is none."""
    return str(Locale.parse(language).territories.get(code, code))


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
def _names(country: str, year: int, language: str) -> dict[date, str]:
    if country == OWN or not FIRST_YEAR <= year <= LAST_YEAR:
        return {}
    wanted = LANGUAGES.get(language)
    try:
        found = _library().country_holidays(country, years=year, language=wanted, expand=False)
    except (ValueError, NotImplementedError, KeyError):
        return {}
    return {day: found[day] for day in found if day.year == year}


@lru_cache(maxsize=4096)
def _worked(country: str, year: int) -> frozenset[date]:
    if country == OWN or not FIRST_YEAR <= year <= LAST_YEAR:
        return frozenset()
    found = _library().country_holidays(country, years=year, expand=False)
    return frozenset(getattr(found, "weekend_workdays", ()))
