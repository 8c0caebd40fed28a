"""What the pages of clients read. Ownership is part of every WHERE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, false, func, select
from sqlalchemy.orm import Session

from mailer.clients.choice import Choice, field_sorted_by
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter, Suppression
from mailer.models.client_criteria import conditions
from mailer.models.client_field import ClientField
from mailer.models.user import User
from mailer.owner_filter import Whose, whose_asked
from mailer.searching import folded
from mailer.segments.conditions import condition_of
from mailer.segments.fields import fields_of, value_column
from mailer.segments.scope import ConditionRefused, scope_of

PER_PAGE = 50
Order = tuple[list[ColumnElement[Any]], list[ColumnElement[Any]]]


ORDERS: dict[str, tuple[Any, ...]] = {
    "created": (Client.created_at,),
    "name": (folded(Client.last_name), folded(Client.first_name)),
    "email": (Client.email_key,),
}


def owner_asked(choice: Choice, user: User) -> int | None:
    """Whose clients `user` gets to see, None for everybody's; 404 for others' where they may not look.

    Who has clients gets their own unless they ask for others'.
    """
    return whose_of(choice, user).owner_id


def whose_of(choice: Choice, user: User) -> Whose:
    """Whose clients the list shows."""
    return whose_asked({"owner": str(choice.owner or "")}, user)


def chosen(choice: Choice, user: User) -> list[ColumnElement[bool]]:
    """Conditions for the live clients that `user` may see and asked for; 404 for a filter that is not theirs."""
    found = [Client.deleted_at.is_(None), *conditions(choice.criteria)]
    if (owner_id := owner_asked(choice, user)) is not None:
        found.append(Client.owner_id == owner_id)
    if choice.filter_id is not None:
        segment = db.one_or_404(select(ClientFilter).filter_by(id=choice.filter_id, owner_id=user.id))
        found.append(_of_segment(segment, user))
    return found


def _of_segment(segment: ClientFilter, user: User) -> ColumnElement[bool]:
    """Nobody is in a segment that cannot be used."""
    try:
        return condition_of(segment.tree, scope_of(user), segment.id)
    except ConditionRefused:
        return false()


def order_of(choice: Choice, user: User) -> Order:
    """The chosen order, those without a value last, the id settling ties, and the same order from its end; 404 for a
    field of others."""
    is_down, field_id = choice.order == "desc", field_sorted_by(choice.sort)
    if field_id is None:
        columns = (*ORDERS[choice.sort], Client.id)
        down, up = [column.desc() for column in columns], [column.asc() for column in columns]
        return (down, up) if is_down else (up, down)
    field = db.one_or_404(select(ClientField).filter_by(id=field_id, owner_id=owner_asked(choice, user) or user.id))
    value = value_column(field)
    value = folded(value) if field.slot is None else value
    if is_down:
        return [value.desc().nulls_last(), Client.id.desc()], [value.asc().nulls_first(), Client.id.asc()]
    return [value.asc().nulls_last(), Client.id.asc()], [value.desc().nulls_first(), Client.id.desc()]


def columns_of(owner_id: int | None) -> list[ClientField]:
    """The fields of the owner that the list has a column for."""
    return [field for field in fields_of(owner_id) if field.is_listed]


def filters_of(user: User) -> list[ClientFilter]:
    """The saved filters of `user` by name."""
    query = select(ClientFilter).filter_by(owner_id=user.id).order_by(func.lower(ClientFilter.name), ClientFilter.id)
    return list(db.session.scalars(query))


def suppressions_of(clients: list[Client]) -> dict[int, Suppression]:
    """For each client's id that has one, the reason not to write to the address."""
    query = (
        select(Client.id, Suppression)
        .join(Suppression, (Suppression.owner_id == Client.owner_id) & (Suppression.email_key == Client.email_key))
        .where(Client.id.in_([client.id for client in clients]))
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def owners_of(clients: list[Client]) -> dict[int, User]:
    """The owners of `clients` by id."""
    query = select(User).where(User.id.in_({client.owner_id for client in clients}))
    return {user.id: user for user in db.session.scalars(query)}


def export_of(choice: Choice, user: User, session: Session) -> tuple[dict[str, str], Iterator[Row[Any]]]:
    """The chosen of the user's own clients for a file, read through `session`: the names that the columns of own fields
    have, by key, and the rows."""
    where = [*chosen(choice, user), Client.owner_id == user.id]
    name = func.jsonb_object_keys(Client.attributes).label("name")
    keys = set(session.scalars(select(name).where(*where).distinct()))
    labels = {field.key: field.label for field in fields_of(user.id, with_archived=True) if field.key in keys}
    names = labels | {key: key for key in sorted(keys - labels.keys())}
    columns = (
        Client.email,
        Client.last_name,
        Client.first_name,
        Client.patronymic,
        Client.birth_year,
        Client.language,
        Client.timezone,
        Client.comment,
        Client.tags,
        Client.attributes,
        Suppression.reason,
    )
    same = (Suppression.owner_id == Client.owner_id) & (Suppression.email_key == Client.email_key)
    query = select(*columns).outerjoin(Suppression, same).where(*where).order_by(*order_of(choice, user)[0])
    query = query.execution_options(yield_per=1000)
    return names, iter(session.execute(query))
