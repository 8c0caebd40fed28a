"""Groups of clients who may be one person. Each kind is one look at the owner's list: grouped, never compared in pairs.

The same mailbox is looked up in an index of the few addresses that are written otherwise than the mailbox is called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Label,
    Select,
    String,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased

from mailer.extensions import db
from mailer.models.client import IS_WRITTEN_OTHERWISE, MAILBOX, Client
from mailer.models.client_field import ClientField, FieldType
from mailer.models.client_merge import ClientsApart
from mailer.searching import folded
from mailer.segments.fields import fields_of

PER_PAGE, LAST_PAGE = 20, 500
MOST_AT_ONCE = 5  # clients side by side
MOST_IN_A_GROUP = 50  # of those who can be said to be several people
_PHONE = re.compile(r"phone|mobile|whatsapp|тел|моб", re.IGNORECASE)
_BIRTHDAY = re.compile(r"birth|рожд", re.IGNORECASE)
_NUMBER_LENGTH = 10  # the last digits: a number is written with 8, +7 or neither before them


class Likeness(StrEnum):
    """What the clients of a group have in common."""

    MAILBOX = "mailbox"
    PHONE = "phone"
    NAME = "name"  # and the birthday


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """The first of the clients, as many as are looked at side by side, the ids of all (or of the first so many), and
    how many there are."""

    clients: list[Client]
    ids: list[int]
    count: int


@dataclass(frozen=True, slots=True)
class DuplicatesPage:
    """A page of groups; nobody counts how many there are in all."""

    groups: list[DuplicateGroup]
    number: int
    has_next: bool


def groups_of(owner_id: int, kind: Likeness, page: int) -> DuplicatesPage:
    """Groups of an owner's live clients that nobody said to be several people, in the order of what they share."""
    grouped = _grouped(owner_id, kind)
    if grouped is None:
        return DuplicatesPage([], 1, has_next=False)
    db.session.execute(text("SET LOCAL work_mem = '64MB'"))
    found = grouped.subquery()
    apart = exists().where(ClientsApart.owner_id == owner_id, ClientsApart.client_ids == found.c.ids)
    keys = [column for column in found.c if column.key != "ids"]
    # In the order in which the groups are made: those of one page are all that is made where an index gives the order.
    shown = select(found.c.ids[1:MOST_IN_A_GROUP], func.cardinality(found.c.ids)).where(~apart).order_by(*keys)
    rows = db.session.execute(shown.offset((page - 1) * PER_PAGE).limit(PER_PAGE + 1)).tuples().all()
    clients = _clients(owner_id, [id_ for ids_, _count in rows[:PER_PAGE] for id_ in ids_[:MOST_AT_ONCE]])
    groups = [
        DuplicateGroup([clients[id_] for id_ in ids_[:MOST_AT_ONCE] if id_ in clients], ids_, count)
        for ids_, count in rows[:PER_PAGE]
    ]
    return DuplicatesPage(groups, page, has_next=len(rows) > PER_PAGE and page < LAST_PAGE)


def kinds_for(owner_id: int) -> list[Likeness]:
    """The kinds that the owner's fields allow."""
    return [kind for kind in Likeness if kind is not Likeness.PHONE or _phones(owner_id)]


def clients_named(owner_id: int, ids: Sequence[int]) -> list[Client]:
    """The owner's live clients of these ids, the oldest first."""
    return [client for _id, client in sorted(_clients(owner_id, ids).items())]


def _clients(owner_id: int, ids: Sequence[int]) -> dict[int, Client]:
    query = select(Client).where(Client.owner_id == owner_id, Client.deleted_at.is_(None), Client.id.in_(ids))
    return {client.id: client for client in db.session.scalars(query)}


def _grouped(owner_id: int, kind: Likeness) -> Select[Any] | None:
    """Rows of what is shared and `ids`, rising; None where the owner keeps nothing of the kind."""
    mine = Client.owner_id == owner_id, Client.deleted_at.is_(None)
    if kind is Likeness.MAILBOX:
        return _by_mailbox(owner_id)
    if kind is Likeness.NAME:
        return _by_name(owner_id, mine)
    parts = [_by_phone(field, mine) for field in _phones(owner_id)]
    if not parts:
        return None
    one = union_all(*parts).subquery()
    each = select(one).distinct().subquery()  # two fields of one client may hold the same number
    return _groups([each.c.key], each.c.id)


def _groups(keys: Sequence[ColumnElement[Any]], id_: Any, *where: ColumnElement[bool]) -> Select[Any]:
    return select(*keys, _ids(id_)).where(*where).group_by(*keys).having(func.count() > 1)


def _ids(id_: Any) -> Label[Any]:
    return cast(func.array_agg(aggregate_order_by(id_, id_)), ARRAY(BigInteger)).label("ids")


def _by_mailbox(owner_id: int) -> Select[Any]:
    """Those written otherwise, by the index that has them alone, and whoever has the mailbox's own address."""
    mailbox: ColumnElement[str] = literal_column(MAILBOX, String)
    otherwise = Client.owner_id == owner_id, text(IS_WRITTEN_OTHERWISE)
    odd = select(mailbox.label("key"), _ids(Client.id)).where(*otherwise).group_by(mailbox).subquery()
    plain = aliased(Client)
    its_own = select(plain.id).where(
        plain.owner_id == owner_id, plain.deleted_at.is_(None), plain.email_key == odd.c.key
    ).correlate(odd).lateral()  # fmt: skip
    everybody = func.array_append(odd.c.ids, its_own.c.id)
    rising = select(func.array_agg(aggregate_order_by(column("id"), column("id")))).select_from(
        func.unnest(everybody).alias("id")
    ).where(column("id").is_not(None)).correlate(odd, its_own).scalar_subquery()  # fmt: skip
    joined = select(odd.c.key, cast(rising, ARRAY(BigInteger)).label("ids")).select_from(odd.outerjoin(its_own, true()))
    return joined.where(or_(func.cardinality(odd.c.ids) > 1, its_own.c.id.is_not(None)))


def _phones(owner_id: int) -> list[ClientField]:
    kept = (FieldType.TEXT, FieldType.NUMBER)
    return [one for one in fields_of(owner_id) if one.type in kept and _PHONE.search(f"{one.label} {one.key}")]


def _by_phone(field: ClientField, mine: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    digits = func.regexp_replace(Client.attributes[field.key].astext, r"\D", "", "g")
    key = func.right(digits, _NUMBER_LENGTH)
    written = Client.attributes.has_key(field.key), func.length(digits) >= _NUMBER_LENGTH
    return select(key.label("key"), Client.id.label("id")).where(*mine, *written)


def _by_name(owner_id: int, mine: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    """Nobody is one person for the name alone."""
    days = [
        cast(getattr(Client, str(one.slot)), String)
        for one in fields_of(owner_id)
        if one.type is FieldType.DATE and _BIRTHDAY.search(f"{one.label} {one.key}")
    ]
    born = func.coalesce(*days, cast(Client.birth_year, String))
    names = (folded(Client.last_name), folded(Client.first_name))
    known = Client.last_name != "", Client.first_name != "", born.is_not(None)
    keys = [names[0].label("last_name"), names[1].label("first_name"), born.label("born")]
    return _groups(keys, Client.id, *mine, *known)
