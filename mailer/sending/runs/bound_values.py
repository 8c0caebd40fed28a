"""The values of clients that an approval is tied to: those of own fields, and those that decide where a link leads.

Names of people may change under an approval, and so may who they are: a list lives. What an owner wrote into fields of
their own is text of the mail like any other, and so is what stands in a field of names and is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from mailer.composing.email import Content
from mailer.composing.html import text_from_html
from mailer.composing.link_names import names_of_places
from mailer.composing.names import FIELDS, LINKS, folded
from mailer.composing.placeholders import Template, parse
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.sending.runs import audience

FREE_TEXT = {"comment"}  # a field of ours in which anything can stand
COLUMNS: Mapping[str, tuple[Any, ...]] = {
    "email": (Client.email,),
    "first_name": (Client.first_name,),
    "last_name": (Client.last_name,),
    "patronymic": (Client.patronymic,),
    "full_name": (Client.last_name, Client.first_name, Client.patronymic),
    "birth_year": (Client.birth_year,),
    "comment": (Client.comment,),
}
NAMES_OF_PEOPLE = ("first_name", "last_name", "patronymic", "full_name")
# A "name" that says something: a link, an address, a site, a telephone number, or more words than names have.
_NO_NAME = r"://|@|www\.|[^\s.,]{2,}[.。．｡][^\s.,]{2,}|[0-9][0-9 ()+-]{3,}[0-9]|.{61,}"
ARGUMENTS = 80  # PostgreSQL takes 100 for one function
Scalar = Callable[[Any], Any]
SHOWN = 20  # values of a field that a manager is shown


def bound_names(content: Content) -> list[str]:
    """The placeholders of a message whose values an approval is tied to, in alphabetical order."""
    used = _used(content)
    own = {name for name in used if name not in FIELDS}
    return sorted((own | (used & FREE_TEXT) | place_names(content)) - LINKS)


def names_of_people(content: Content) -> list[str]:
    """The placeholders of people's names, but for the bound ones: of these an approval is tied to what is no name."""
    return sorted(_used(content) & {*NAMES_OF_PEOPLE} - {*bound_names(content)})


def taken_names(content: Content) -> list[str]:
    """The placeholders that an approved run is filled with as they were when its list was made."""
    return sorted([*bound_names(content), *names_of_people(content)])


def _used(content: Content) -> set[str]:
    return {*parse(content.subject, None).names, *(name for half, _markup in _halves(content) for name in half.names)}


def place_names(content: Content) -> set[str]:
    """The placeholders that decide where a link leads."""
    return {name for half, markup in _halves(content) for name in names_of_places(half, markup=markup)}


def _halves(content: Content) -> list[tuple[Template, bool]]:
    text = content.text if content.text.strip() else text_from_html(content.html)
    return [(parse(text, None), False), (parse(content.html, None, markup=True), True)]


def digest(mailing: Mailing, content: Content, ask: Scalar | None = None) -> str | None:
    """A SHA-256 over the different values of the bound fields among the clients chosen, and over what stands in the
    fields of names and is none; None where there is neither.

    `ask` puts the questions to the database: by another connection than the session's, which sees another moment.
    """
    ask = ask or db.session.scalar
    known = _own_names(mailing, ask)
    bound = [column for name in bound_names(content) for column in _columns(name, known)]
    parts = [_digest_of(mailing, bound, ask)] if bound else []
    for name in names_of_people(content):
        columns = _columns(name, known)
        if ask(select(Client.id).where(*audience.chosen(mailing), is_no_name(name)).limit(1)) is not None:
            parts += [name, _digest_of(mailing, columns, ask, is_no_name(name))]
    return " ".join(parts) or None


def is_no_name(name: str) -> ColumnElement[bool]:
    """Whether more than a name stands in a field (or the fields) of a person's name."""
    return or_(*(column.op("~*")(_NO_NAME) for column in COLUMNS[name]))


def _digest_of(mailing: Mailing, columns: Sequence[Any], ask: Scalar, *conditions: ColumnElement[bool]) -> str:
    value = cast(_joined([func.jsonb_build_array(*some) for some in batched(columns, ARGUMENTS)]), Text)
    chosen = (*audience.chosen(mailing), *conditions)
    each = select(_sha256(value).label("value")).where(*chosen).distinct().subquery()
    listed = func.coalesce(func.string_agg(each.c.value, literal_column("'' ORDER BY value")), "")
    return str(ask(select(_sha256(listed))))


def values_of_field(mailing: Mailing, name: str, *conditions: ColumnElement[bool]) -> tuple[list[str], int]:
    """The first values of a field by alphabet, and how many different ones there are."""
    value = cast(func.concat_ws(" ", *_columns(name, _own_names(mailing, db.session.scalar))), Text)
    each = select(value.label("value")).where(*audience.chosen(mailing), *conditions).distinct().subquery()
    total = db.session.scalar(select(func.count()).select_from(each)) or 0
    return list(db.session.scalars(select(each.c.value).order_by(each.c.value).limit(SHOWN))), total


def as_object(mailing: Mailing, names: list[str], ask: Scalar) -> ColumnElement[Any]:
    """The values of a client as mails are filled with them, by the name that stands in the message: a JSON object."""
    known = _own_names(mailing, ask)
    pairs = [part for name in names for part in (name, _as_filled(_columns(name, known)))]
    return _joined([func.jsonb_build_object(*some) for some in batched(pairs, ARGUMENTS)])


def _as_filled(columns: tuple[Any, ...]) -> ColumnElement[str]:
    return func.concat_ws(" ", *(func.nullif(cast(column, Text), "") for column in columns))


def _own_names(mailing: Mailing, ask: Scalar) -> list[str]:
    """The names of the owner's fields as their clients have them, in the order in which a mail looks through them."""
    name = func.jsonb_object_keys(Client.attributes).label("name")
    keys = select(name).where(Client.owner_id == mailing.owner_id, Client.attributes != {}).distinct().subquery()
    found = ask(select(func.array_agg(aggregate_order_by(keys.c.name, func.octet_length(keys.c.name), keys.c.name))))
    return list(found or ())


def _columns(name: str, known: list[str]) -> tuple[Any, ...]:
    """A field's columns; attributes of an own name, however it is spelled: "Город" fills in what is kept as "город"."""
    if name in COLUMNS:
        return COLUMNS[name]
    alike = [key for key in known if key != name and folded(key) == folded(name)]
    return (func.coalesce(*(Client.attributes[key].astext for key in (name, *alike))),)


def _joined(parts: list[Any]) -> ColumnElement[Any]:
    return reduce(lambda one, other: one.op("||")(other), parts)


def batched(items: Sequence[Any], count: int) -> Iterator[Sequence[Any]]:
    """Successive parts of `items`, `count` long, the last one perhaps shorter."""
    return (items[start : start + count] for start in range(0, len(items), count))


def _sha256(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.encode(func.sha256(func.convert_to(text, "UTF8")), "hex")
