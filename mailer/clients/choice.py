"""What a visitor of the list asked for, taken from the address of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from mailer.clients.refused import ChoiceRefused
from mailer.clients.values import FIRST_YEAR
from mailer.input_limits import number_or_none
from mailer.models.client_criteria import SUBSCRIBED, UNSUBSCRIBED
from mailer.owner_filter import EVERYBODY
from mailer.searching import searched

SORTS = ("created", "name", "email")
FIELD = "field-"  # before an own field's id
ORDERS = ("asc", "desc")
STATES = (SUBSCRIBED, UNSUBSCRIBED)


@dataclass(frozen=True)
class Choice:
    """Which clients, in which order. `criteria` are those of `mailer.models.client_criteria`."""

    criteria: dict[str, Any] = field(default_factory=dict)
    filter_id: int | None = None
    sort: str = "created"
    order: str = "desc"
    owner: int | str | None = None  # a user's id or `EVERYBODY`; None: nothing was asked

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anybody out."""
        return bool(self.criteria) or self.filter_id is not None


def parse_choice(args: MultiDict[str, str]) -> Choice:
    """The choice in `args`; raises `ChoiceRefused` for a sort, state or number that does not exist."""
    sort = args.get("sort") or "created"
    order = args.get("order") or ("desc" if sort == "created" else "asc")
    if sort not in SORTS and field_sorted_by(sort) is None:
        raise ChoiceRefused("unknown_sort", "sort", sort)
    if order not in ORDERS:
        raise ChoiceRefused("unknown_sort", "order", order)
    everybody = args.get("owner") == EVERYBODY
    owner = EVERYBODY if everybody else _number(args, "owner")
    return Choice(_criteria(args), _number(args, "filter"), sort, order, owner)


def field_sorted_by(sort: str) -> int | None:
    """The id of the own field that `sort` names, if it names one."""
    return number_or_none(sort.removeprefix(FIELD)) if sort.startswith(FIELD) else None


def as_args(criteria: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the list's address that `parse_choice` reads as these criteria."""
    names = {
        "search": "q",
        "tags_any": "tag",
        "tags_none": "without",
        "birth_year_from": "born_from",
        "birth_year_to": "born_to",
        "subscription": "state",
    }
    return {name: criteria[key] for key, name in names.items() if key in criteria}


def _criteria(args: MultiDict[str, str]) -> dict[str, Any]:
    state = args.get("state") or None
    if state not in (None, *STATES):
        raise ChoiceRefused("unknown_state", "state", state)
    found = {
        "search": searched(args) or None,
        "tags_any": _tags(args, "tag"),
        "tags_none": _tags(args, "without"),
        "birth_year_from": _year(args, "born_from"),
        "birth_year_to": _year(args, "born_to"),
        "subscription": state,
    }
    return {key: value for key, value in found.items() if value}


def _tags(args: MultiDict[str, str], name: str) -> list[str]:
    return [tag[:50] for tag in args.getlist(name)[:50] if tag and tag.isprintable()]


def _year(args: MultiDict[str, str], name: str) -> int | None:
    year = _number(args, name)
    if year is not None and not FIRST_YEAR <= year <= 2100:
        raise ChoiceRefused("unknown_number", name, str(year))
    return year


def _number(args: MultiDict[str, str], name: str) -> int | None:
    text = args.get(name, "").strip()
    if not text:
        return None
    number = number_or_none(text)
    if number is None:
        raise ChoiceRefused("unknown_number", name, text)
    return number
