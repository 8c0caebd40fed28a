"""What the ids in an owner's trees are called."""

from __future__ import annotations

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.segments.scope import ConditionScope
from mailer.segments.words import Names


def names_of(owner: User, scope: ConditionScope) -> Names:
    """What ids in the owner's trees are called."""
    return Names.of(scope, dict(mailings_of(owner)))


def mailings_of(owner: User) -> list[tuple[int, str]]:
    """The owner's mailings to choose from, the newest first; deleted ones too, whose mails were sent."""
    query = select(Mailing.id, Mailing.name).where(Mailing.owner_id == owner.id).order_by(Mailing.id.desc()).limit(200)
    return [(id_, name) for id_, name in db.session.execute(query)]
