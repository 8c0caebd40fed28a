"""Topics: the tags that an owner shows to readers."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.client import Client
from mailer.models.topic import MOST_TOPICS, UNIQUE_TOPIC, Topic
from mailer.models.user import User


class TopicRefused(Refusal):
    """A topic cannot be as it was asked for."""


def topics_of(owner_id: int) -> Sequence[Topic]:
    """An owner's topics, in the order in which they were made."""
    return db.session.scalars(select(Topic).where(Topic.owner_id == owner_id).order_by(Topic.id)).all()


def with_counts(owner_id: int) -> list[tuple[Topic, int, int]]:
    """The topics, how many clients have each, and how many gave it back."""
    having, refusing = _clients_with(owner_id, Client.tags), _clients_with(owner_id, Client.refused_tags)
    return [(topic, having.get(topic.tag, 0), refusing.get(topic.tag, 0)) for topic in topics_of(owner_id)]


def _clients_with(owner_id: int, tags: InstrumentedAttribute[list[str]]) -> dict[str, int]:
    """How many live clients have each of the owner's topics in that column: one look at the list for all of them."""
    tag = func.unnest(tags).label("tag")
    each = select(Client.id, tag).where(Client.owner_id == owner_id, Client.deleted_at.is_(None)).subquery()
    topics = select(Topic.tag).where(Topic.owner_id == owner_id)
    query = select(each.c.tag, func.count(each.c.id.distinct())).where(each.c.tag.in_(topics)).group_by(each.c.tag)
    return {row[0]: row[1] for row in db.session.execute(query)}


def add_topic(owner: User, tag: str, label: str, hint: str) -> Topic:
    """Show a tag to readers; raises `TopicRefused` for one that is shown, and beyond the limit."""
    db.session.execute(select(User.id).where(User.id == owner.id).with_for_update(**FOR_CHANGE))
    if len(topics_of(owner.id)) >= MOST_TOPICS:
        db.session.rollback()
        raise TopicRefused(_("There can be %(limit)s topics.", limit=MOST_TOPICS))
    made = Topic(owner_id=owner.id, tag=tag, label=label, hint=hint)
    with refused_by(UNIQUE_TOPIC, TopicRefused(_("“%(name)s” is a topic already.", name=tag))):
        db.session.add(made)
        db.session.commit()
    return made


def change_topic(changed: Topic, label: str, hint: str) -> None:
    """Call it otherwise; the tag stays."""
    changed.label, changed.hint = label, hint
    db.session.commit()


def delete_topic(deleted: Topic) -> None:
    """Show the tag no more. Who has it keeps it, and who gave it back does not get it again."""
    db.session.delete(deleted)
    db.session.commit()
