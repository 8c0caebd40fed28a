"""From the cells of one row to a client, or to the list of what is wrong with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mailer.clients import values
from mailer.clients.address import normalise
from mailer.clients.field_values import clean_value
from mailer.clients.importing.columns import CONSENT, IGNORE, NEW_FIELDS, OWN
from mailer.clients.importing.table import MAX_FIELD, BrokenRow
from mailer.clients.locales import clean_language, clean_zone
from mailer.clients.refused import ValueRefused
from mailer.formulas import restore
from mailer.models.client_field import ClientField


@dataclasses.dataclass(frozen=True, slots=True)
class RowProblem:
    """One line of the report: which row, which field, which value, and why (a code of `mailer.clients.reasons`)."""

    row: int
    field: str
    value: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    is_warning: bool = False  # the row was taken all the same


@dataclasses.dataclass(slots=True)
class ImportedClient:
    """A row that can be written."""

    row: int
    email: str = ""
    email_key: str = ""
    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    comment: str = ""
    birth_year: int | None = None
    language: str = ""
    timezone: str = ""
    tags: Sequence[str] = ()
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    slots: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    suppressed: str = ""  # why not to write to the person


Setter = Callable[[ImportedClient, str], None]


def _set_email(client: ImportedClient, cell: str) -> None:
    client.email, client.email_key = normalise(cell)


def _set_full_name(client: ImportedClient, cell: str) -> None:
    client.last_name, client.first_name, client.patronymic = values.split_full_name(cell)


def _set_consent(clean: Callable[[str], str]) -> Setter:
    def set_reason(client: ImportedClient, cell: str) -> None:
        client.suppressed = clean(cell) or client.suppressed

    return set_reason


def _setter(name: str, clean: Callable[[str], Any]) -> Setter:
    return lambda client, cell: setattr(client, name, clean(cell))


SETTERS: Mapping[str, Setter] = {
    "email": _set_email,
    "full_name": _set_full_name,
    "last_name": _setter("last_name", values.clean_name),
    "first_name": _setter("first_name", values.clean_name),
    "patronymic": _setter("patronymic", values.clean_name),
    "comment": _setter("comment", values.clean_comment),
    "birth_year": _setter("birth_year", values.clean_year),
    "language": _setter("language", clean_language),
    "timezone": _setter("timezone", clean_zone),
    "tags": _setter("tags", values.clean_tags),
    **{name: _set_consent(clean) for name, clean in CONSENT.items()},
}


LEFT_OUT = frozenset({"language", "timezone"})  # where one cannot be read, the person is taken without it


class RowReader:
    """Reads rows of one file by one choice of columns.

    `targets` and `names` have an entry for every column: what it is for, and what it is called. `own` are the owner's
    fields; a new one that was not made is a name only.
    """

    def __init__(self, targets: Sequence[str], names: Sequence[str], own: Collection[ClientField] = ()) -> None:
        by_target = {f"{OWN}{field.id}": field for field in own}
        self._width = len(targets)
        self._fields = [(place, target, SETTERS[target]) for place, target in enumerate(targets) if target in SETTERS]
        self._attributes = [
            (place, values.clean_attribute_name(names[place]))
            for place, target in enumerate(targets)
            if target in NEW_FIELDS
        ]
        self._own = [(place, by_target[target]) for place, target in enumerate(targets) if target in by_target]
        self.slots = [field.slot for _place, field in self._own if field.slot]
        unknown = {target for target in targets if not target.startswith(OWN)} - {*SETTERS, *NEW_FIELDS, IGNORE}
        assert not unknown, unknown

    def broken(self, row: BrokenRow) -> RowProblem:
        """The line of the report for a row that is not CSV."""
        return RowProblem(row.number, "", row.text, row.code, {"limit": MAX_FIELD})

    def read(self, number: int, cells: list[str]) -> tuple[ImportedClient, list[RowProblem]]:
        """The client of a row and its problems; with a problem that is no warning the client is not to be used."""
        client = ImportedClient(number)
        while len(cells) > self._width and not cells[-1]:
            cells.pop()  # trailing separators
        if len(cells) < self._width:  # spreadsheets leave empty cells at the end out
            cells += [""] * (self._width - len(cells))
        if len(cells) > self._width:
            params = {"expected": self._width, "found": len(cells)}
            return client, [RowProblem(number, "", cells[0][:200], "ragged", params)]
        problems: list[RowProblem] = []
        for place, name, set_value in self._fields:
            cell = cells[place]
            if not cell and name != "email":
                continue
            try:
                set_value(client, restore(cell))
            except ValueRefused as refused:
                is_warning = name in LEFT_OUT
                problems.append(RowProblem(number, name, cell[:200], refused.code, refused.params, is_warning))
        if self._attributes:
            client.attributes = self._read_attributes(number, cells, problems)
        if self._own:
            self._read_own(client, cells, problems)
        if "xn--" in client.email and all(problem.is_warning for problem in problems) and _is_mixed(client):
            problems.append(RowProblem(number, "email", client.email, "mixed_script", is_warning=True))
        return client, problems

    def _read_own(self, client: ImportedClient, cells: list[str], problems: list[RowProblem]) -> None:
        texts, slots = dict(client.attributes), {}
        for place, field in self._own:
            if not cells[place]:
                continue
            try:
                value = clean_value(field, restore(cells[place]))
            except ValueRefused as refused:
                problems.append(RowProblem(client.row, field.label, cells[place][:200], refused.code, refused.params))
                continue
            if value.text:
                texts[field.key] = value.text
            if field.slot and value.typed is not None:
                slots[field.slot] = value.typed
        client.attributes, client.slots = texts, slots

    def _read_attributes(self, number: int, cells: list[str], problems: list[RowProblem]) -> dict[str, str]:
        attributes: dict[str, str] = {}
        for place, name in self._attributes:
            try:
                if text := values.clean_text(restore(cells[place]), values.MAX_ATTRIBUTE):
                    attributes[name] = text
            except ValueRefused as refused:
                problems.append(RowProblem(number, name, cells[place][:200], refused.code, refused.params))
        return attributes


def _is_mixed(client: ImportedClient) -> bool:
    return normalise(client.email).is_mixed_script
