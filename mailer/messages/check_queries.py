"""How many people a letter has nothing to say of where it names them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, select

from mailer.composing.names import FIELDS, LINKS, folded
from mailer.composing.placeholders import Placeholder
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.sending.runs.audience import not_suppressed, recipients

MOST_ASKED = 20  # names


def people_of(message: Message, mailing: Mailing | None) -> Select[tuple[Client]]:
    """Who would get it: the mailing's people, or without one everybody of the owner's who may be written to."""
    if mailing is not None:
        return recipients(mailing).order_by(None)
    return not_suppressed([Client.owner_id == message.owner_id, Client.deleted_at.is_(None)], message.owner_id)


def count_of(people: Select[tuple[Client]]) -> int:
    """How many."""
    return db.session.scalar(select(func.count()).select_from(people.subquery())) or 0


def lacking(people: Select[tuple[Client]], places: list[Placeholder]) -> dict[str, int]:
    """For each placeholder without a default, how many of `people` would get a hole there; those with none are left
    out."""
    names = list(dict.fromkeys(place.name for place in places if not place.default and place.name not in LINKS))
    found = {name: count_of(people.where(_is_empty(name))) for name in names[:MOST_ASKED]}
    return {name: count for name, count in found.items() if count}


def _is_empty(name: str) -> ColumnElement[bool]:
    if name == "full_name":
        return and_(Client.last_name == "", Client.first_name == "", Client.patronymic == "")
    if name in FIELDS:
        return func.coalesce(cast(getattr(Client, name), String), "") == ""
    keys = dict.fromkeys((name, folded(name)))
    return func.coalesce(*(func.nullif(Client.attributes[key].astext, "") for key in keys), "") == ""
