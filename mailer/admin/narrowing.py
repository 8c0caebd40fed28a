"""Which rows of a table somebody wants to see: by a thing they belong to, a value, days, or an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from mailer.admin.names import REFERENCES
from mailer.clock import utcnow
from mailer.errors import Refusal, UnknownChoice, choice_in
from mailer.input_limits import number_or_none
from mailer.periods import DateRange, parse_period
from mailer.readable import in_ascii
from mailer.searching import searched


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What was asked for, checked. `values` has a member of an enum by column, `ids` a number by referring column."""

    period: DateRange
    values: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    address: str = ""

    @property
    def is_any(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.values or self.ids or self.address or self.period.first or self.period.last)


def parse_narrowing(
    args: Mapping[str, str], columns: tuple[str, ...], choices: Mapping[str, Any], zone: str
) -> Narrowing:
    """What the address asks of a table with `columns` and enums `choices`; UnknownChoice for values that are none."""
    try:
        period = parse_period(args, utcnow().astimezone(ZoneInfo(zone)).date(), zone, is_open=True)
    except Refusal:
        raise UnknownChoice("from", f"{args.get('from', '')}…{args.get('to', '')}") from None
    values = {name: kind(choice_in(args, name, set(kind))) for name, kind in choices.items() if args.get(name)}
    ids = {name: _number(name, args[name]) for name in columns if name in REFERENCES and args.get(name)}
    return Narrowing(period, values, ids, in_ascii(searched(args, "address").lower()))


def in_period(column: Any, period: DateRange) -> list[ColumnElement[bool]]:
    """Conditions for a moment within the days."""
    conditions = []
    if period.since is not None:
        conditions.append(column >= period.since)
    if period.until is not None:
        conditions.append(column < period.until)
    return conditions


def _number(name: str, text: str) -> int:
    number = number_or_none(text)
    if number is None:
        raise UnknownChoice(name, text)
    return number
