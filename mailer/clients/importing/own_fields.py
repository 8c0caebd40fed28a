"""New fields that the columns of a file become."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.clients.field_values import field_named
from mailer.clients.fields import add_to, fields_to_add_to
from mailer.clients.importing.columns import IGNORE, NEW_FIELDS, OWN


def own_targets(owner_id: int, targets: Sequence[str], names: Sequence[str]) -> list[str]:
    """The targets with a field of the owner's for each that was to be a new one, made now; no commit.

    Where there is a field of that name already, the column is that field's. Raises `FieldRefused` beyond the limits.
    """
    known = fields_to_add_to(owner_id)
    before, found = list(known), list[str]()  # two new columns of one name are refused, not taken for one
    for target, name in zip(targets, names, strict=True):
        if target in NEW_FIELDS:
            field = field_named(name, before) or add_to(known, owner_id, name, NEW_FIELDS[target])
            target = f"{OWN}{field.id}"
        found.append(target if target not in found or not target.startswith(OWN) else IGNORE)
    return found
