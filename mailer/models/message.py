"""Reusable content."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.composing.body import RENDERER
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class MessageKind(StrEnum):
    """How a message is written."""

    BLOCKS = "blocks"  # `document` says of which; what is sent was compiled of them
    HTML = "html"
    TEXT = "text"


class Message(db.Model):  # type: ignore[misc,name-defined]
    """Subject and body with placeholders. What was really sent is the run's snapshot, never this row."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        Index("ix_messages_owner_updated", "owner_id", "updated_at"),
        CheckConstraint("text_body <> '' OR html_body <> ''", name="has_a_body"),
        CheckConstraint("kind <> 'blocks' OR document IS NOT NULL", name="blocks_have_a_document"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150), default="", server_default="")  # the owner's own, for lists
    subject: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8), default="ru", server_default="ru")  # what it is written in
    text_body: Mapped[str] = mapped_column(Text, default="")  # empty: made from the HTML when sent
    text_written_for: Mapped[str | None] = mapped_column(String(16))  # digest of what the HTML said when it was written
    html_body: Mapped[str] = mapped_column(Text, default="")  # sieved when saved
    renderer: Mapped[int] = mapped_column(SmallInteger, default=RENDERER, server_default="1")  # of `html_body`
    kind: Mapped[MessageKind] = mapped_column(
        text_enum(MessageKind, "message_kind"), default=MessageKind.HTML, server_default="html"
    )
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the blocks, kept when the message goes on as HTML
    # Whom parts of it are for: trees of `segments.conditions`, by the names of their gates (`composing.placeholders`).
    conditions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # Whether its pictures of the library travel inside the mail, instead of being loaded from their addresses.
    inlines_pictures: Mapped[bool] = mapped_column(default=False, server_default="false")
    compiled_by: Mapped[str | None] = mapped_column(String(60))  # what made `html_body` of them
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> str:
        """What its owner finds it by: the name, or the subject where none is given."""
        return self.name or self.subject
