"""What the page of tags reads. Ownership is part of every WHERE."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, String, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH

from mailer.client_counts import client_count, tag_counts
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.row_pages import RowsPage
from mailer.searching import mentions
from mailer.segments.leaves import leaves

PER_PAGE = 50


@dataclass(frozen=True)
class Merge:
    """How many live clients have the one tag, the other, and both."""

    tag: str
    into: str
    tag_count: int
    into_count: int
    both_count: int

    @property
    def after_count(self) -> int:
        """How many have the tag that remains."""
        return self.tag_count + self.into_count - self.both_count

    @property
    def stamp(self) -> str:
        """What the person has seen: other numbers are asked about anew."""
        return f"{self.tag_count}-{self.into_count}-{self.both_count}"


def page_of_tags(owner: User, search: str) -> RowsPage:
    """The tags that clients have, or a saved filter or mailing names, in the order of a dictionary; 404 beyond."""
    named = _named(owner.id).subquery()
    query = select(named.c.tag, func.sum(named.c.client_count).label("client_count")).group_by(named.c.tag)
    query = query.where(*mentions(search, [named.c.tag]))
    query = query.order_by(func.translate(func.lower(named.c.tag), "ё", "е"), named.c.tag)
    return RowsPage(select=query, per_page=PER_PAGE, max_per_page=PER_PAGE)


Places = tuple[list[ClientFilter], list[Mailing], list[Message]]


def places_of(owner: User, tags: list[str]) -> dict[str, Places]:
    """The saved filters and live mailings that name each of `tags`, and the messages with blocks for people by it."""
    found: defaultdict[str, Places] = defaultdict(lambda: ([], [], []))
    filters = select(ClientFilter).where(ClientFilter.owner_id == owner.id).order_by(func.lower(ClientFilter.name))
    for saved in db.session.scalars(filters):
        for tag in {tag for leaf in leaves(saved.tree, "tag") for tag in leaf["value"]}:
            found[tag][0].append(saved)
    mailings = select(Mailing).where(
        Mailing.owner_id == owner.id, Mailing.deleted_at.is_(None), Mailing.tags.overlap(tags)
    )
    for mailing in db.session.scalars(mailings.order_by(Mailing.id)):
        for tag in mailing.tags:
            found[tag][1].append(mailing)
    letters = select(Message).where(
        Message.owner_id == owner.id, Message.deleted_at.is_(None), Message.conditions.is_not(None)
    )
    for letter in db.session.scalars(letters.order_by(Message.id)):
        for tag in {tag for leaf in leaves(letter.conditions, "tag") for tag in leaf["value"]}:
            found[tag][2].append(letter)
    return found


def is_known(owner_id: int, tag: str) -> bool:
    """Whether anybody has the tag, deleted clients too, or anything names it."""
    named = _named(owner_id, with_deleted=True).subquery()
    return db.session.scalar(select(literal(1)).where(named.c.tag == tag).limit(1)) is not None


def namesake(owner_id: int, tag: str, name: str) -> str | None:
    """The other tag that is called `name`, in whatever case; the one written just so comes first."""
    named = _named(owner_id, with_deleted=True).subquery()
    query = select(named.c.tag).where(func.lower(named.c.tag) == func.lower(name), named.c.tag != tag)
    found: str | None = db.session.scalar(query.order_by((named.c.tag == name).desc(), named.c.tag).limit(1))
    return found


def merge_of(owner_id: int, tag: str, into: str) -> Merge:
    """The figures of a merge."""
    is_both = (Client.owner_id == owner_id, Client.deleted_at.is_(None), Client.tags.contains([tag, into]))
    both = db.session.scalar(select(func.count()).where(*is_both)) or 0
    return Merge(tag, into, count_with(owner_id, tag), count_with(owner_id, into), both)


def count_with(owner_id: int, tag: str) -> int:
    """How many live clients have the tag."""
    return client_count(owner_id, tag)


def _named(owner_id: int, *, with_deleted: bool = False) -> CompoundSelect[Any]:
    """Rows `(tag, client_count)`: how many clients have it, and none for each other place."""
    clients = tag_counts(owner_id, with_deleted=with_deleted)
    mailings = select(func.unnest(Mailing.tags), literal(0)).where(Mailing.owner_id == owner_id)
    if not with_deleted:
        mailings = mailings.where(Mailing.deleted_at.is_(None))
    path = cast('$.** ? (@.what == "tag").value[*]', JSONPATH)
    named = func.jsonb_path_query(ClientFilter.tree, path).op("#>>")(cast([], ARRAY(String)))
    filters = select(named, literal(0)).where(ClientFilter.owner_id == owner_id)
    named = func.jsonb_path_query(Message.conditions, path).op("#>>")(cast([], ARRAY(String)))
    letters = select(named, literal(0)).where(Message.owner_id == owner_id, Message.conditions.is_not(None))
    if not with_deleted:
        letters = letters.where(Message.deleted_at.is_(None))
    return union_all(clients, mailings, filters, letters)
