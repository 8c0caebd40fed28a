"""What an owner's readers may choose among."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime

MOST_TOPICS = 30  # of an owner
UNIQUE_TOPIC = "uq_topics_owner_id_tag"


class Topic(db.Model):  # type: ignore[misc,name-defined]
    """A tag that the page behind every mail's link shows: people take it and give it back there."""

    __tablename__ = "topics"
    __table_args__ = (UniqueConstraint("owner_id", "tag", name=UNIQUE_TOPIC),)

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(50))
    label: Mapped[str] = mapped_column(String(100))  # what readers call it
    hint: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))
