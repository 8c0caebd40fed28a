"""Pictures to look at, and where they are shown."""

from __future__ import annotations

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, func, or_, select

from mailer.extensions import db
from mailer.models.message import Message
from mailer.models.picture import Picture
from mailer.models.run import Run
from mailer.models.user import User
from mailer.searching import mentions

PER_PAGE = 24


def pictures_page(owner: User, search: str, page: int) -> Pagination:
    """The owner's pictures, the newest first; 404 for a page that is not there."""
    query = select(Picture).where(Picture.owner_id == owner.id, Picture.deleted_at.is_(None))
    query = query.where(*mentions(search, (Picture.name, Picture.alt))).order_by(Picture.id.desc())
    return db.paginate(query, page=page, per_page=PER_PAGE, max_per_page=PER_PAGE)


def used_bytes(owner_id: int) -> int:
    """What the owner's pictures take of the quota, hidden ones too: they are still there."""
    total = db.session.scalar(select(func.coalesce(func.sum(Picture.size), 0)).where(Picture.owner_id == owner_id))
    return int(total or 0)


def by_public_id(public_id: str) -> Picture | None:
    """Anybody's picture, hidden or not."""
    return db.session.scalar(select(Picture).where(Picture.public_id == public_id))


def messages_showing(picture: Picture) -> list[Message]:
    """The owner's messages with the picture, those that were deleted left out."""
    query = select(Message).where(Message.owner_id == picture.owner_id, Message.deleted_at.is_(None))
    query = query.where(Message.html_body.contains(picture.public_id, autoescape=True))
    return list(db.session.scalars(query.order_by(Message.updated_at.desc()).limit(50)))


def is_shown(picture: Picture) -> bool:
    """Whether a message, kept or deleted, or anything that was sent has it."""
    in_message = select(Message.id).where(
        Message.owner_id == picture.owner_id, Message.html_body.contains(picture.public_id, autoescape=True)
    )
    return bool(db.session.scalar(select(or_(in_message.exists(), _sent_with(picture).exists()))))


def sent_runs(picture: Picture) -> int:
    """How many runs have it in their copy of the message."""
    return db.session.scalar(select(func.count()).select_from(_sent_with(picture).subquery())) or 0


def _sent_with(picture: Picture) -> Select[tuple[int]]:
    has_it = Run.snapshot["html"].astext.contains(picture.public_id, autoescape=True)
    return select(Run.id).where(Run.owner_id == picture.owner_id, has_it)
