"""Records that were merged into another one: whoever comes to them by an old link or number is led to the person."""

from __future__ import annotations

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, literal, select, union_all

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_merge import ClientMerge

IS_MERGED: ColumnElement[bool] = exists().where(ClientMerge.merged_id == Client.id)


def present_id(client_id: int) -> int:
    """The id under which the client is kept now."""
    became = db.session.scalar(select(ClientMerge.client_id).where(ClientMerge.merged_id == client_id))
    return client_id if became is None else became


def ids_of(client_id: int) -> Select[tuple[int]]:
    """The ids of what was merged into the client."""
    return select(ClientMerge.merged_id).where(ClientMerge.client_id == client_id)


def with_merged(client_id: int) -> CompoundSelect[tuple[int]]:
    """The client's id and those of what was merged into it: one set, each looked up in an index. For an "or" of the two
    PostgreSQL would read every row there is."""
    return union_all(select(literal(client_id)), ids_of(client_id))


def former_keys(owner_id: int, email_key: str) -> Select[tuple[str]]:
    """The other addresses of the owner's client with this one, from records merged into it."""
    of_client = select(Client.id).where(Client.owner_id == owner_id, Client.email_key == email_key)
    merged = select(ClientMerge.merged_id).where(ClientMerge.owner_id == owner_id, ClientMerge.client_id.in_(of_client))
    return select(Client.email_key).where(Client.id.in_(merged), Client.email_key != email_key).distinct()
