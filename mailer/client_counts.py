"""How many clients an owner has, and with which tags: read from kept sums, whatever the length of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, tuple_

from mailer.extensions import db
from mailer.models.client_count import ClientCount


def client_count(owner_id: int | None, tag: str | None = None) -> int:
    """How many live clients that owner has (None: all owners together), with the tag where one is named."""
    named = ClientCount.tag.is_(None) if tag is None else ClientCount.tag == tag
    query = select(func.coalesce(func.sum(ClientCount.change), 0)).where(named, *_live(owner_id))
    return int(db.session.scalar(query) or 0)


def counts_of(owner_ids: Sequence[int]) -> dict[int, int]:
    """How many live clients each of these owners has; those without any are missing."""
    query = select(ClientCount.owner_id, func.sum(ClientCount.change)).where(
        ClientCount.owner_id.in_(owner_ids), ClientCount.tag.is_(None), *_live(None)
    )
    return {id_: int(count) for id_, count in db.session.execute(query.group_by(ClientCount.owner_id)) if count}


def tag_counts(owner_id: int | None, *, with_deleted: bool = False) -> Select[Any]:
    """Rows `(tag, client_count)` for the tags that clients have, deleted ones too or live ones alone."""
    conditions = [ClientCount.tag.is_not(None), *_live(owner_id)]
    if with_deleted:
        conditions = [ClientCount.tag.is_not(None), ClientCount.owner_id == owner_id]
    total = func.sum(ClientCount.change)
    query = select(ClientCount.tag, total.label("client_count")).where(*conditions).group_by(ClientCount.tag)
    return query.having(total > 0)


def _live(owner_id: int | None) -> list[Any]:
    whose = [] if owner_id is None else [ClientCount.owner_id == owner_id]
    return [~ClientCount.is_deleted, *whose]


def fold() -> None:
    """Make one row of the many that changed a number, and none of a number that is 0; commits.

    Safe beside everything that writes: only rows seen here are taken away, and their sum is put in their place.
    """
    key = (ClientCount.owner_id, ClientCount.is_deleted, func.coalesce(ClientCount.tag, ""))
    many = select(*key).group_by(*key).having((func.count() > 1) | (func.sum(ClientCount.change) == 0))
    columns = (ClientCount.owner_id, ClientCount.is_deleted, ClientCount.tag)
    gone = delete(ClientCount).where(tuple_(*key).in_(many)).returning(*columns, ClientCount.change).cte("gone")
    total = func.sum(gone.c.change)
    left = (gone.c.owner_id, gone.c.is_deleted, gone.c.tag)
    sums = select(*left, total).group_by(*left).having(total != 0)
    db.session.execute(insert(ClientCount).from_select(["owner_id", "is_deleted", "tag", "change"], sums))
    db.session.commit()
