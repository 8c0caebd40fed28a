"""What can be done to clients: rules, writes, one commit each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm.exc import StaleDataError

from mailer.clients.fields import ensure_text_fields
from mailer.clients.merged import IS_MERGED, present_id
from mailer.clients.values import MAX_TAGS
from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal, refused_by
from mailer.extensions import db
from mailer.models.client import UNIQUE_CLIENT, Client
from mailer.models.user import User


class AddressTaken(Refusal):
    """Another live client of this owner has the address."""


def create_client(owner: User, values: dict[str, Any]) -> Client:
    """A new client of `owner`; raises `AddressTaken`."""
    ensure_text_fields(owner.id, values.get("attributes", ()))
    client = Client(owner_id=owner.id, **values)
    db.session.add(client)
    _commit()
    return client


def change_client(client: Client, values: dict[str, Any], version: int) -> None:
    """Write `values` over a client that was shown in `version`; raises Conflict or `AddressTaken`."""
    if client.version != version:
        raise Conflict(_changed())
    ensure_text_fields(client.owner_id, values.get("attributes", ()))
    for name, value in values.items():
        setattr(client, name, value)
    try:
        _commit()
    except StaleDataError as error:
        db.session.rollback()
        raise Conflict(_changed()) from error


def delete_client(client: Client) -> None:
    """Take a client off the list; deliveries stay, and `restore_client` brings it back."""
    client.deleted_at = utcnow()
    db.session.commit()


def restore_client(client: Client) -> None:
    """Bring a deleted client back; raises `AddressTaken` when a new one has the address by now, and a Refusal when the
    record was merged."""
    if present_id(client.id) != client.id:
        raise Refusal(_("This record was merged with another client."))
    client.deleted_at = None
    _commit()


def delete_clients(where: list[ColumnElement[bool]]) -> tuple[int, datetime]:
    """Delete all that `where` chooses; how many they were, and the moment that `restore_deleted` knows them by."""
    moment = utcnow()
    return _change_all(where, moment, deleted_at=moment), moment


def restore_deleted(owner: User, moment: datetime) -> int:
    """Undo `delete_clients`, save for those whose address is in use again; how many came back."""
    live = select(Client.email_key).where(Client.owner_id == owner.id, Client.deleted_at.is_(None))
    where = [Client.owner_id == owner.id, Client.deleted_at == moment, Client.email_key.not_in(live), ~IS_MERGED]
    return _change_all(where, utcnow(), deleted_at=None)


def add_tag(where: list[ColumnElement[bool]], tag: str) -> tuple[int, datetime]:
    """Give a tag to all that `where` chooses and who lack it and have room; how many they were, and the moment that
    `undo_tag` knows them by."""
    lacks = func.coalesce(func.array_position(Client.tags, tag), 0) == 0
    has_room = func.cardinality(Client.tags) < MAX_TAGS
    moment = utcnow()
    return _change_all([*where, lacks, has_room], moment, tags=func.array_append(Client.tags, tag)), moment


def remove_tag(where: list[ColumnElement[bool]], tag: str) -> tuple[int, datetime]:
    """Take a tag from all that `where` chooses and who have it; the same."""
    has = Client.tags.any(tag)  # type: ignore[arg-type]
    moment = utcnow()
    return _change_all([*where, has], moment, tags=func.array_remove(Client.tags, tag)), moment


def undo_tag(owner: User, tag: str, moment: datetime, *, was_added: bool) -> int:
    """Undo `add_tag` or `remove_tag`, save for clients who were changed since; how many were changed back."""
    untouched = [Client.owner_id == owner.id, Client.updated_at == moment, Client.deleted_at.is_(None)]
    change = remove_tag if was_added else add_tag
    return change(untouched, tag)[0]


def _change_all(where: list[ColumnElement[bool]], moment: datetime, **values: Any) -> int:
    changed = (
        update(Client)
        .where(*where)
        .values(version=Client.version + 1, updated_at=moment, **values)
        .execution_options(synchronize_session=False)
    )
    count = db.session.execute(changed).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _commit() -> None:
    with refused_by(UNIQUE_CLIENT, AddressTaken(_("You already have a client with this address."))):
        db.session.commit()


def _changed() -> str:
    text: str = _(
        "This client has changed in the meantime. Check the current values below; saving again replaces them."
    )
    return text
