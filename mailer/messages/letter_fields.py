"""Blocks as forms: the fields of a block with their words and values, and what a posted form says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailer.letters.shapes import ValueFault, plain, shapes_of
from mailer.letters.values import URL_LENGTH, SeveralOf
from mailer.messages.letter_labels import choices_of, fault_text, field_label, help_of

_ITEM_ACT = re.compile(r"(add|remove|up|down)-item(?:-([0-9]{1,2}))?")


@dataclass(slots=True)
class FormField:
    """One control. `name` is its path in the block (`items-2-link`)."""

    name: str
    label: str
    widget: str
    value: Any
    help: str = ""
    limit: int | None = None
    choices: list[tuple[str, str]] = field(default_factory=list)
    bounds: tuple[int, int] | None = None
    errors: list[str] = field(default_factory=list)
    optional: bool = False


@dataclass(slots=True)
class FormItems:
    """A field of several things: the controls of each, and how many there may be."""

    name: str
    label: str
    items: list[list[FormField | FormItems]]
    least: int
    most: int
    errors: list[str]
    widget: str = "items"


def fields_of(
    kind: type, values: Mapping[str, Any], faults: list[ValueFault], prefix: str = ""
) -> list[FormField | FormItems]:
    """The controls for an instance of `kind`, filled with raw `values`, each with its faults."""
    made: list[FormField | FormItems] = []
    for name, shape in shapes_of(kind).items():
        path, value = prefix + name, values.get(name)
        errors = [fault_text(fault) for fault in faults if fault.field == path]
        if isinstance(shape, SeveralOf):
            rows = value if isinstance(value, (list, tuple)) else []
            items = [
                fields_of(shape.of, row if isinstance(row, Mapping) else {}, faults, f"{path}-{number}-")
                for number, row in enumerate(rows)
            ]
            made.append(FormItems(path, field_label(kind, name), items, shape.least, shape.most, errors))
        else:
            made.append(_control(kind, name, path, shape, value, errors))
    return made


def _control(kind: type, name: str, path: str, shape: Any, value: Any, errors: list[str]) -> FormField:
    bounds = (shape.least, shape.most) if shape.widget == "number" else None
    return FormField(
        path,
        field_label(kind, name),
        "choice" if choices_of(kind, name, shape) else shape.widget,
        value,
        help_of(kind, name),
        getattr(shape, "limit", URL_LENGTH if shape.widget in {"link", "picture"} else None),
        choices_of(kind, name, shape),
        bounds,
        errors,
        getattr(shape, "optional", False),
    )


def posted(kind: type, form: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """The raw values that a form sent for an instance of `kind`; what it did not mention is left out."""
    raw: dict[str, Any] = {}
    for name, shape in shapes_of(kind).items():
        path = prefix + name
        if isinstance(shape, SeveralOf):
            raw[name] = [posted(shape.of, form, f"{path}-{number}-") for number in _numbers(form, path, shape.most)]
        elif shape.widget == "flag":
            raw[name] = path in form
        elif path in form:
            raw[name] = form[path]
    return raw


def _numbers(form: Mapping[str, str], path: str, most: int) -> range:
    """How many items a form sent: those in a row from 0; one too many is kept, for the refusal to say so."""
    known = {int(found[1]) for key in form if (found := re.match(rf"{re.escape(path)}-([0-9]{{1,2}})-", key))}
    return range(next(number for number in range(most + 2) if number not in known or number == most + 1))


def with_item_act(kind: type, raw: dict[str, Any], act: str) -> dict[str, Any]:
    """The values after a press of one of the buttons of a list: add, remove, up, down; the bounds are minded."""
    found = _ITEM_ACT.fullmatch(act)
    shape = shapes_of(kind).get("items")
    if found is None or not isinstance(shape, SeveralOf):
        return raw
    items, number = list(raw.get("items", [])), int(found[2] or 0)
    if found[1] == "add" and len(items) < shape.most:
        items.append(plain(shape.of()))
    elif number >= len(items):
        return raw
    elif found[1] == "remove" and len(items) > shape.least:
        del items[number]
    elif found[1] in {"up", "down"}:
        other = number + (1 if found[1] == "down" else -1)
        if 0 <= other < len(items):
            items[number], items[other] = items[other], items[number]
    return raw | {"items": items}
