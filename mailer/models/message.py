"""Reusable content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.composing.body import RENDERER
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime


class Message(db.Model):  # type: ignore[misc,name-defined]
    """Subject and body with placeholders. What was really sent is the run's snapshot, never this row."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        Index("ix_messages_owner_updated", "owner_id", "updated_at"),
        CheckConstraint("text_body <> '' OR html_body <> ''", name="has_a_body"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150), default="", server_default="")  # the owner's own, for lists
    subject: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="ru", server_default="ru")  # what it is written in
    text_body: Mapped[str] = mapped_column(Text, default="")  # empty: made from the HTML when sent
    html_body: Mapped[str] = mapped_column(Text, default="")  # sieved when saved
    renderer: Mapped[int] = mapped_column(SmallInteger, default=RENDERER, server_default="1")  # of `html_body`
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> str:
        """What its owner finds it by: the name, or the subject where none is given."""
        return self.name or self.subject
