"""Which column of a file holds what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailer.clients.consent import clean_subscribed, clean_unsubscribed
from mailer.clients.field_values import field_named, proposed_type
from mailer.clients.importing.layout import is_address
from mailer.clients.importing.names import field_called, is_technical
from mailer.clients.labels import FIELDS
from mailer.clients.locales import are_languages, are_named_languages, are_zones
from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_ATTRIBUTES, clean_attribute_name
from mailer.models.client_field import ClientField, FieldType

MAX_COLUMNS = 500
IGNORE = "ignore"
ATTRIBUTE = "attribute"  # a new field of text, called as the column is
# What a column becomes that is a new field: its type.
NEW_FIELDS = {
    ATTRIBUTE: FieldType.TEXT,
    **{f"{ATTRIBUTE}-{kind.value}": kind for kind in (FieldType.NUMBER, FieldType.DATE, FieldType.BOOLEAN)},
}
OWN = "field-"  # before the id of a field that is there
CONSENT = {"subscribed": clean_subscribed, "unsubscribed": clean_unsubscribed}
PARTS = frozenset({"last_name", "first_name", "patronymic"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sample: what it is called, and its cells that are not empty."""

    name: str
    is_named: bool  # by the file; else `name` is a number
    cells: list[str]


def columns_of(names: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """The columns of `rows`; a row that is too short has nothing in the rest."""
    return [
        Column(
            header[place] if place < len(header) else name,
            place < len(header) and bool(header[place].strip()),
            [row[place] for row in rows if place < len(row) and row[place].strip()],
        )
        for place, name in enumerate(names)
    ]


def guess_columns(columns: Sequence[Column], own: Sequence[ClientField] = ()) -> list[str]:
    """A target for every column, such that `check_columns` has nothing against them but a missing address.

    The address is where most cells are addresses, whatever the column is called. A column called as one of the `own`
    fields is that field; others become fields of the type that their values have. Empty columns, those of no name and
    those that another program keeps for itself are left out.
    """
    has_cells = any(column.cells for column in columns)
    address = _address_column(columns)
    fields = [field_called(column.name) if column.is_named else None for column in columns]
    if has_cells:
        fields = [field if column.cells else None for field, column in zip(fields, columns, strict=True)]
    names = [column.name.casefold() for column in columns]
    taken = {"email"} if address is not None else set()
    targets: list[str] = []
    for place, column in enumerate(columns):
        # Of two columns of one name ours comes first: so writes our export, where an own field is called the same.
        is_ours = fields[place] not in {None, *taken} and names.count(column.name.casefold()) > 1
        target = "email" if place == address else _target(column, fields[place], taken, fields, () if is_ours else own)
        is_full = sum(target in NEW_FIELDS for target in targets) == MAX_ATTRIBUTES
        if (has_cells and not column.cells) or (target in NEW_FIELDS and (is_full or not column.is_named)):
            target = IGNORE
        taken.add(target)
        targets.append(target)
    return targets


def _target(
    column: Column, field: str | None, taken: set[str], fields: Sequence[str | None], own: Sequence[ClientField]
) -> str:
    if column.is_named and (mine := field_named(column.name, own)) is not None and f"{OWN}{mine.id}" not in taken:
        return f"{OWN}{mine.id}"
    if field == "full_name" and PARTS.intersection(filter(None, fields)):
        return IGNORE  # says again what the parts say
    if field in CONSENT and not all(_is_known(CONSENT[field], cell) for cell in column.cells):
        field = None  # a status of another kind
    if field == "language" and column.cells and not are_languages(column.cells):
        field = None  # of another kind: programming languages
    field = field or _by_content(column)
    if field is not None and field != "email" and field not in taken:
        return field
    if is_technical(column.name, column.cells):
        return IGNORE
    kind = proposed_type(column.cells)
    return next(target for target, type_ in NEW_FIELDS.items() if type_ is kind)


def _by_content(column: Column) -> str | None:
    """What the values leave no doubt of, whatever the column is called."""
    if are_zones(column.cells):
        return "timezone"
    return "language" if are_named_languages(column.cells) else None


def _address_column(columns: Sequence[Column]) -> int | None:
    """Where at least half of the cells are addresses, and most of them; else what is called so."""
    counts = [sum(map(is_address, column.cells)) for column in columns]
    found = [place for place, column in enumerate(columns) if 0 < len(column.cells) <= 2 * counts[place]]
    named = [place for place, column in enumerate(columns) if field_called(column.name) == "email"]
    if found:
        return max(found, key=lambda place: (counts[place], place in named, -place))
    return next(iter(named), None)


def _is_known(clean: Callable[[str], str], cell: str) -> bool:
    try:
        clean(cell)
    except ValueRefused:
        return False
    return True


def check_columns(targets: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a choice that cannot work: no address, or two columns for one thing."""
    if "email" not in targets:
        raise ValueRefused("no_address_column")
    counts = Counter(target for target in targets if target in FIELDS)
    for target, count in counts.items():
        if count > 1:
            raise ValueRefused("column_twice", field=str(FIELDS[target]))
    if "full_name" in counts and (clash := counts.keys() & PARTS):
        raise ValueRefused("column_twice", field=str(FIELDS[min(clash)]))
    for target, count in Counter(target for target in targets if target.startswith(OWN)).items():
        if count > 1:
            raise ValueRefused("field_twice", name=names[targets.index(target)])
    own = [clean_attribute_name(name) for target, name in zip(targets, names, strict=True) if target in NEW_FIELDS]
    if len(own) > MAX_ATTRIBUTES:
        raise ValueRefused("too_many_attributes", limit=MAX_ATTRIBUTES)
    for name, count in Counter(own).items():
        if count > 1:
            raise ValueRefused("attribute_twice", name=name)
