"""What an owner can choose from in a mailing's form."""

from __future__ import annotations

from sqlalchemy import func, select

from mailer.client_counts import tag_counts
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_criteria import client_mentions
from mailer.searching import folded

FOUND_CLIENTS = 20  # shown for one search


def tags(owner_id: int) -> list[tuple[str, int]]:
    """Every tag in use and how many live clients have it, in alphabetical order."""
    used = tag_counts(owner_id).subquery()
    query = select(used.c.tag, used.c.client_count).order_by(func.lower(used.c.tag), used.c.tag)
    return [(name, int(count)) for name, count in db.session.execute(query)]


def clients_named(owner_id: int, ids: list[int]) -> list[Client]:
    """The owner's live clients among `ids`, by name."""
    query = select(Client).where(Client.owner_id == owner_id, Client.id.in_(ids), Client.deleted_at.is_(None))
    return list(db.session.scalars(query.order_by(folded(Client.last_name), folded(Client.first_name), Client.id)))


def clients_found(owner_id: int, search: str, but: list[int]) -> list[Client]:
    """The first few live clients that match and are not chosen yet."""
    query = select(Client).where(Client.owner_id == owner_id, Client.deleted_at.is_(None), Client.id.not_in(but))
    query = query.where(*client_mentions(search))
    query = query.order_by(folded(Client.last_name), folded(Client.first_name), Client.id).limit(FOUND_CLIENTS)
    return list(db.session.scalars(query))
