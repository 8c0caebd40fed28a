"""Which column of a file holds what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

from mailer.clients.labels import FIELDS
from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_ATTRIBUTES, clean_attribute_name

MAX_COLUMNS = 50
IGNORE = "ignore"
ATTRIBUTE = "attribute"  # kept as a detail called as the column is
# What people write in the first row, without case, spaces and signs; in Russian and in English.
NAMES = MappingProxyType(
    {
        "email": "email emailaddress mail address адрес почта эпочта элпочта электроннаяпочта электронныйадрес "
        "адресэлектроннойпочты адреспочты имейл емейл мейл",
        "last_name": "фамилия lastname surname familyname",
        "first_name": "имя firstname givenname",
        "patronymic": "отчество patronymic middlename",
        "full_name": "фио фамилияимяотчество полноеимя fullname name получатель клиент",
        "comment": "комментарий примечание заметка заметки comment comments note notes",
        "birth_year": "годрождения birthyear yearofbirth год",
        "tags": "метки теги тэги тег метка tags tag группа группы groups group",
    }
)
_FIELD_OF = {name: field for field, names in NAMES.items() for name in names.split()}


def guess_columns(first_row: Sequence[str], has_header: bool) -> list[str]:
    """A target for every column: a field, `attribute`, or `ignore` where nothing is known about it."""
    if not has_header:
        address = next((place for place, cell in enumerate(first_row) if "@" in cell), None)
        return ["email" if place == address else IGNORE for place in range(len(first_row))]
    targets: list[str] = []
    for cell in first_row:
        field = _FIELD_OF.get(re.sub(r"[\W_]", "", cell.casefold()))
        # A second column of the same name is for the person to choose.
        guess = IGNORE if field in targets else field
        targets.append(guess or (ATTRIBUTE if _is_attribute_name(cell) else IGNORE))
    return targets


def looks_like_header(first_row: Sequence[str]) -> bool:
    """Whether the first row names columns: no cell of it is an address."""
    return not any("@" in cell for cell in first_row)


def check_columns(targets: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a choice that cannot work: no address, or two columns for one thing."""
    if "email" not in targets:
        raise ValueRefused("no_address_column")
    counts = Counter(target for target in targets if target in FIELDS)
    for target, count in counts.items():
        if count > 1:
            raise ValueRefused("column_twice", field=str(FIELDS[target]))
    if "full_name" in counts and (clash := counts.keys() & {"last_name", "first_name", "patronymic"}):
        raise ValueRefused("column_twice", field=str(FIELDS[min(clash)]))
    own = [clean_attribute_name(name) for target, name in zip(targets, names, strict=True) if target == ATTRIBUTE]
    if len(own) > MAX_ATTRIBUTES:
        raise ValueRefused("too_many_attributes", limit=MAX_ATTRIBUTES)
    for name, count in Counter(own).items():
        if count > 1:
            raise ValueRefused("attribute_twice", name=name)


def _is_attribute_name(cell: str) -> bool:
    try:
        return bool(clean_attribute_name(cell))
    except ValueRefused:
        return False
