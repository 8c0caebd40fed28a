"""What `make run` is told: the environment, with a `.env` file beside the Makefile under it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from launcher.language import in_language
from launcher.part import CHECKOUT


class SettingError(RuntimeError):
    """A setting has a value that cannot be used; the text says which."""


@dataclass(frozen=True)
class Settings:
    """Settings of the launcher itself, and everything given, to be handed on to the parts."""

    given: Mapping[str, str]
    var_dir: Path
    host: str
    port: int
    mailing_worker_count: int

    def is_given(self, name: str) -> bool:
        """Whether somebody chose this value, here or in `.env`."""
        return name in self.given


def load_settings(environment: Mapping[str, str] | None = None, dotenv: Path = CHECKOUT / ".env") -> Settings:
    """Read the settings; an empty value counts as not given. Errors: SettingError."""
    from_file = {name: value or "" for name, value in dotenv_values(dotenv).items()}
    merged = from_file | dict(os.environ if environment is None else environment)
    given = {name: value for name, value in merged.items() if value}
    return Settings(
        given=given,
        var_dir=(CHECKOUT / given.get("VAR_DIR", "var")).resolve(),
        host=given.get("HOST", "127.0.0.1"),
        port=_number(given, "PORT", default=5000, low=1, high=65_535),
        mailing_worker_count=_number(given, "WORKERS", default=2, low=1, high=64),
    )


def _number(given: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise SettingError(
            in_language(
                f"{name} — целое число от {low} до {high}, а не {text!r}.",
                f"{name} must be a whole number from {low} to {high}, not {text!r}.",
            )
        )
    return int(text)
