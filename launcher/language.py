"""The one language that the terminal is spoken to in: the system's own, by LC_ALL, LC_MESSAGES or LANG."""

from __future__ import annotations

import os
from collections.abc import Mapping


def is_russian(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal's language is Russian; anything else is spoken to in English."""
    known = os.environ if environment is None else environment
    chosen = next((known[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if known.get(name)), "")
    return chosen.lower().startswith("ru")


def in_language(russian: str, english: str) -> str:
    """The text for the terminal."""
    return russian if is_russian() else english
