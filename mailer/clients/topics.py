"""The topics of an owner; and that of a mail that went to those with one tag only, which its readers may leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from mailer.clients.subscription import Subscription
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Audience, Mailing
from mailer.models.run import Run
from mailer.models.topic import Topic


def topics_of(owner_id: int) -> Sequence[Topic]:
    """An owner's topics, in the order in which they were made."""
    return db.session.scalars(select(Topic).where(Topic.owner_id == owner_id).order_by(Topic.id)).all()


@dataclass(frozen=True, slots=True)
class OneTopic:
    """What readers call it, and the ids of the reader's other topics, which stay."""

    label: str
    others: list[int]


def topic_of_the_mail(subscription: Subscription) -> OneTopic | None:
    """For a link of a run to a single tag that is a topic and that the reader still has; None otherwise."""
    if subscription.run_id is None:
        return None
    one_tag = Mailing.audience == Audience.TAGS, func.cardinality(Mailing.tags) == 1
    tag = db.session.scalar(
        select(Mailing.tags[1]).join(Run, Run.mailing_id == Mailing.id).where(Run.id == subscription.run_id, *one_tag)
    )
    mine = select(Client.tags).where(
        Client.owner_id == subscription.owner_id,
        Client.email_key == subscription.email_key,
        Client.deleted_at.is_(None),
    )
    tags = set(db.session.scalar(mine) or ())
    having = [topic for topic in topics_of(subscription.owner_id) if topic.tag in tags]
    found = next((topic for topic in having if topic.tag == tag), None)
    return OneTopic(found.label, [topic.id for topic in having if topic is not found]) if found is not None else None
