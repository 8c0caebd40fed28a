"""Files that go with messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime

NAME_LENGTH = 150  # characters


class FileContent(db.Model):  # type: ignore[misc,name-defined]
    """What is in a file, once for its owner; it never changes, and stays while a message or a run names it."""

    __tablename__ = "file_contents"
    __table_args__ = (CheckConstraint("size > 0", name="is_not_empty"),)

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size: Mapped[int] = mapped_column()  # bytes
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Attachment(db.Model):  # type: ignore[misc,name-defined]
    """A file of a message. A run keeps a copy of these words; the content is found by the digest."""

    __tablename__ = "attachments"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["owner_id", "digest"], ["file_contents.owner_id", "file_contents.digest"], ondelete="CASCADE"
        ),
        Index("ix_attachments_message", "owner_id", "message_id"),
        Index("ix_attachments_digest", "owner_id", "digest"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(Id)
    message_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    kind: Mapped[str] = mapped_column(String(120))  # media type
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column()  # bytes
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
