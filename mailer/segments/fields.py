"""The fields of an owner, as everything that reads clients asks for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_field import MOST_FIELDS, ClientField, FieldType


def fields_of(owner_id: int | None, *, with_archived: bool = False) -> list[ClientField]:
    """The fields of an owner in the owner's order; of nobody where there is none."""
    query = select(ClientField).where(ClientField.owner_id == owner_id)
    if not with_archived:
        query = query.where(ClientField.archived_at.is_(None))
    return list(db.session.scalars(query.order_by(ClientField.position, ClientField.id)))


def types_of(owner_id: int) -> dict[str, str]:
    """The type of each field, by key, that a mail writes otherwise than it is kept."""
    written = {FieldType.NUMBER, FieldType.DATE, FieldType.BOOLEAN}
    fields = fields_of(owner_id, with_archived=True)
    return {field.key: field.type.value for field in fields if field.type in written}


def other_names(owner_id: int, fields: list[ClientField]) -> list[str]:
    """The names of values that have no field, `fields` being all there are. None below the limit: whoever writes a new
    name makes its field."""
    if len(fields) < MOST_FIELDS:
        return []
    name = func.jsonb_object_keys(Client.attributes).label("name")
    keys = select(name).where(Client.owner_id == owner_id, Client.deleted_at.is_(None), Client.attributes != {})
    found = db.session.scalars(select(keys.subquery().c.name).distinct().order_by("name"))
    return [name for name in found if name not in {field.key for field in fields}]


def placeholder_names(owner_id: int) -> list[str]:
    """What placeholders may be called besides our own names, in the owner's order."""
    fields = fields_of(owner_id, with_archived=True)
    return [*(field.key for field in fields), *other_names(owner_id, fields)]


def value_column(field: ClientField) -> ColumnElement[Any]:
    """What of a client holds the field's value: the slot, or the text."""
    return getattr(Client, field.slot) if field.slot else Client.attributes[field.key].astext
