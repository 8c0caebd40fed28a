"""Topics: the tags that an owner shows to readers."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, literal_column, select

from mailer.client_counts import tag_counts
from mailer.clients.topics import topics_of
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.client import Client
from mailer.models.topic import MOST_TOPICS, UNIQUE_TOPIC, Topic
from mailer.models.user import User


class TopicRefused(Refusal):
    """A topic cannot be as it was asked for."""


def with_counts(owner_id: int) -> list[tuple[Topic, int, int]]:
    """The topics, how many clients have each, and how many gave it back."""
    having = {tag: int(count) for tag, count in db.session.execute(tag_counts(owner_id))}
    refusing = _clients_refusing(owner_id)
    return [(topic, having.get(topic.tag, 0), refusing.get(topic.tag, 0)) for topic in topics_of(owner_id)]


def _clients_refusing(owner_id: int) -> dict[str, int]:
    """How many live clients gave each of the owner's topics back: one look at those few who gave any."""
    tag = func.unnest(Client.refused_tags).label("tag")
    refuses = (Client.owner_id == owner_id, Client.deleted_at.is_(None), Client.refused_tags != literal_column("'{}'"))
    each = select(Client.id, tag).where(*refuses).subquery()
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
    with refused_by(UNIQUE_TOPIC, TopicRefused(_("“%(name)s” is already a topic.", name=tag))):
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
