"""Another type for a field that has values: looked at first, then done, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from mailer.clients.field_values import clean_as, each_once
from mailer.clients.fields import FieldRefused, add_field, free_slot, require_unused, values_of
from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_ATTRIBUTE_NAME
from mailer.extensions import db
from mailer.locks import CLIENTS_IN_BULK, trying_pair
from mailer.models.client import type_of_slot
from mailer.models.client_field import MOST_CHOICES, ClientField, FieldType
from mailer.models.client_import import ClientImport, ImportState
from mailer.segments.fields import fields_of

EXAMPLES = 10
_BATCH = 20_000  # different values in one statement


@dataclass
class Conversion:
    """What a change of type would make of the values there are."""

    converted_count: int = 0
    left_count: int = 0
    examples: list[str] = field(default_factory=list)  # of the values that cannot be converted
    choices: list[str] = field(default_factory=list)


def preview_conversion(changed: ClientField, kind: FieldType) -> Conversion:
    """What would become of the values there are, of deleted clients too; nothing is written."""
    values = values_of(changed)
    found = Conversion(choices=_choices_among(values) if kind is FieldType.CHOICE else [])
    for raw, count in values:
        try:
            clean_as(kind, raw, found.choices)
            found.converted_count += count
        except ValueRefused:
            found.left_count += count
            if len(found.examples) < EXAMPLES:
                found.examples.append(raw)
    return found


def convert_field(changed: ClientField, kind: FieldType) -> Conversion:
    """Give the field another type. Values that are none of it are kept in a text field beside it.

    Raises `FieldRefused` beyond the limits, and while an import of the owner's waits or writes.
    """
    if not db.session.scalar(trying_pair(CLIENTS_IN_BULK, changed.owner_id)) or _has_import(changed.owner_id):
        db.session.rollback()
        raise FieldRefused(_("An import is being added to the list right now. Try again in a minute."))
    require_unused(changed)
    preview = preview_conversion(changed, kind)
    if kind is FieldType.CHOICE and not preview.choices:
        raise FieldRefused(
            _(
                "Choices are made from the existing values; there can be up to %(limit)s different ones.",
                limit=MOST_CHOICES,
            )
        )
    kept = add_field(changed.owner_id, _kept_label(changed), FieldType.TEXT) if preview.left_count else None
    old_slot = changed.slot
    changed.slot = free_slot(kind, fields_of(changed.owner_id, with_archived=True))
    changed.type, changed.choices = kind, preview.choices
    db.session.flush()
    _rewrite(changed, old_slot, kept.key if kept else "")
    db.session.commit()
    return preview


def _rewrite(changed: ClientField, old_slot: str | None, kept_key: str) -> None:
    """One statement for so many different values, however many clients have them."""
    sql_type = type_of_slot(changed.slot) if changed.slot else "text"
    sets = ["attributes = (c.attributes - :key) || CASE WHEN m.kept THEN jsonb_build_object(CAST(:kept_key AS text), "
            "m.raw) ELSE jsonb_build_object(CAST(:key AS text), m.value) END"]  # fmt: skip
    sets += [f"{old_slot} = NULL"] if old_slot else []
    sets += [f"{changed.slot} = m.typed"] if changed.slot else []
    statement = text(
        f"UPDATE clients c SET {', '.join(sets)} FROM unnest(CAST(:raws AS text[]), CAST(:texts AS text[]), "  # noqa: S608 - names of ours
        f"CAST(:typed AS {sql_type}[]), CAST(:are_kept AS boolean[])) AS m (raw, value, typed, kept) "
        "WHERE c.owner_id = :owner AND c.attributes ->> :key = m.raw"
    )
    values = [raw for raw, _count in values_of(changed)]
    for start in range(0, len(values), _BATCH):
        raws = values[start : start + _BATCH]
        cleaned = [_cleaned(changed, raw) for raw in raws]
        about = {
            "raws": raws,
            "texts": [text_ for text_, _typed in cleaned],
            "typed": [typed for _text, typed in cleaned],
            "are_kept": [text_ is None for text_, _typed in cleaned],
        }
        db.session.execute(statement, about | {"key": changed.key, "kept_key": kept_key, "owner": changed.owner_id})


def _cleaned(changed: ClientField, raw: str) -> tuple[str | None, Any]:
    try:
        found = clean_as(changed.type, raw, changed.choices)
    except ValueRefused:
        return None, None
    return found.text, found.typed if changed.slot else None


def _choices_among(values: Sequence[tuple[str, int]]) -> list[str]:
    """The values as choices, the most used first; none where there are too many."""
    choices = each_once(raw for raw, _count in sorted(values, key=lambda pair: -pair[1]))
    return choices if 0 < len(choices) <= MOST_CHOICES and all(len(raw) <= 100 for raw in choices) else []


def _kept_label(of: ClientField) -> str:
    labels = {one.label for one in fields_of(of.owner_id, with_archived=True)}
    word, start = _("text"), of.label[: MAX_ATTRIBUTE_NAME - 15]
    label, again = f"{start} ({word})", 2
    while label in labels:
        label, again = f"{start} ({word} {again})", again + 1
    return label


def _has_import(owner_id: int) -> bool:
    ahead = ClientImport.state.in_((ImportState.QUEUED, ImportState.RUNNING))
    return (
        db.session.scalar(select(ClientImport.id).where(ClientImport.owner_id == owner_id, ahead).limit(1)) is not None
    )
