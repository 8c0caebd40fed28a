"""What repeats: a period, a first wall-clock moment, a zone and an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1970, 2199


class Period(StrEnum):
    """How often a rule fires."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class RuleError(ValueError):
    """A rule that means nothing. `code` is `unknown_zone`, `not_local`, `out_of_range` or `ends_before_it_starts`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rule:
    """A calendar rule. `first` and `until` are wall-clock times in `zone`; nothing fires at or after `until`."""

    period: Period
    first: datetime
    zone: str
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Raise RuleError for what is not a rule."""
        zone_named(self.zone)
        for moment in (self.first, self.until):
            if moment is None:
                continue
            if moment.tzinfo is not None:
                raise RuleError("not_local")
            if not FIRST_YEAR <= moment.year <= LAST_YEAR:
                raise RuleError("out_of_range")
        if self.until is not None and self.until <= self.first:
            raise RuleError("ends_before_it_starts")


@lru_cache(maxsize=1024)
def zone_named(key: str) -> ZoneInfo:
    """The zone of an IANA key such as `Europe/Moscow`; RuleError `unknown_zone` for anything else."""
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError) as error:  # unknown, a path outside the database, a folder
        raise RuleError("unknown_zone") from error
