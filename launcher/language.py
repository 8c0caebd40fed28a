"""The one language that the terminal is spoken to in: the system's own, by LC_ALL, LC_MESSAGES or LANG."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


def is_russian(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal's language is Russian; anything else is spoken to in English."""
    known = os.environ if environment is None else environment
    chosen = next((known[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if known.get(name)), "")
    return chosen.lower().startswith("ru")


@dataclass(frozen=True)
class InBoth:
    """A text that both the terminal and a page may show: as a `str` it is in the terminal's language."""

    russian: str
    english: str

    def __str__(self) -> str:
        return in_language(self.russian, self.english)

    def in_language_of(self, page: str) -> str:
        """In the language of a page, `ru` or another."""
        return self.russian if page == "ru" else self.english


def in_language(russian: str, english: str) -> str:
    """The text for the terminal."""
    return russian if is_russian() else english
