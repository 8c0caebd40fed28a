"""What an owner has to choose from in forms: messages, segments, tags."""

from __future__ import annotations

from sqlalchemy import func, select

from mailer.client_counts import tag_counts
from mailer.extensions import db
from mailer.models.client import ClientFilter
from mailer.models.message import Message


def messages(owner_id: int) -> list[tuple[int, str]]:
    """Id and title of the live messages, the latest first."""
    title = func.coalesce(func.nullif(Message.name, ""), Message.subject)
    query = select(Message.id, title).where(Message.owner_id == owner_id, Message.deleted_at.is_(None))
    return [(id_, name) for id_, name in db.session.execute(query.order_by(Message.updated_at.desc()))]


def segments(owner_id: int) -> list[tuple[int, str]]:
    """Id and name of the saved segments, by name."""
    query = select(ClientFilter.id, ClientFilter.name).where(ClientFilter.owner_id == owner_id)
    return [(id_, name) for id_, name in db.session.execute(query.order_by(func.lower(ClientFilter.name)))]


def tags(owner_id: int | None) -> list[str]:
    """The tags in use by the live clients of that owner (None: of everybody), in order."""
    query = tag_counts(owner_id).order_by("tag").limit(500)
    return [tag for tag, _count in db.session.execute(query)]
