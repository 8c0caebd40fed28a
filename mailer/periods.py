"""The days that a report is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ARRAY, TIMESTAMP, ColumnElement, cast, func

from mailer.errors import Refusal

FIRST_YEAR, LAST_YEAR = 2000, 2999


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days of `timezone`, first and last included; None where it is open."""

    first: date | None
    last: date | None
    timezone: str

    @property
    def since(self) -> datetime | None:
        """The first moment, aware UTC."""
        return _midnight(self.first, self.timezone) if self.first else None

    @property
    def until(self) -> datetime | None:
        """The first moment after it, aware UTC."""
        return _midnight(self.last + timedelta(days=1), self.timezone) if self.last else None


@dataclass(frozen=True, slots=True)
class Preset:
    """A period with a name, as a link."""

    label: str
    first: date | None
    last: date | None


def parse_period(args: Mapping[str, str], today: date, timezone: str, *, is_open: bool = False) -> DateRange:
    """The period asked for by `from` and `to`; with neither the last 30 days, or all time with `is_open`.

    Raises Refusal for what is no day, and for an end before its beginning.
    """
    if "from" not in args and "to" not in args:
        return DateRange(None if is_open else today - timedelta(days=29), None if is_open else today, timezone)
    first, last = _day(args.get("from", "")), _day(args.get("to", ""))
    if first and last and last < first:
        raise Refusal(_("The last day comes before the first one."))
    return DateRange(first, last, timezone)


def presets(today: date) -> list[Preset]:
    """The periods that people ask for most."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    return [
        Preset(_("7 days"), today - timedelta(days=6), today),
        Preset(_("30 days"), today - timedelta(days=29), today),
        Preset(_("this month"), month, today),
        Preset(_("last month"), before, month - timedelta(days=1)),
        Preset(_("this year"), today.replace(month=1, day=1), today),
        Preset(_("all time"), None, None),
    ]


def day_number(at: Any, first: date, day_count: int, timezone: str) -> ColumnElement[int]:
    """In SQL: 1 for a moment `at` on the day `first` of the zone, 2 for the next day, up to `day_count`; 0 for earlier
    ones, `day_count + 1` for later ones.

    The midnights come from here: PostgreSQL has rules of time zones of its own, and may not know a zone that we know.
    """
    return func.width_bucket(at, cast(midnights(first, day_count, timezone), ARRAY(TIMESTAMP(timezone=True))))


def midnights(first: date, day_count: int, timezone: str) -> list[datetime]:
    """The beginnings of so many days of the zone and of the one after them, aware UTC."""
    return [_midnight(first + timedelta(days=number), timezone) for number in range(day_count + 1)]


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Refusal(_("A day is written like 2026-01-31.")) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refusal(_("A report is about days from the year 2000 on."))
    return day


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
