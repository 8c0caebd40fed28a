"""Letters of blocks while they are written, and what an owner keeps for the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Identity, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime


class LetterDesk(db.Model):  # type: ignore[misc,name-defined]
    """Where the work on a message of blocks stands: which version is looked at. What is sent stands in the message."""

    __tablename__ = "letter_desks"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"], ondelete="CASCADE"),
    )

    message_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    owner_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int] = mapped_column(default=1, server_default="1")  # of the version that is looked at
    saved_number: Mapped[int] = mapped_column(default=1, server_default="1")  # of the version that the message sends
    revision: Mapped[int] = mapped_column(default=1, server_default="1")  # goes up with every change, undoing included


class LetterVersion(db.Model):  # type: ignore[misc,name-defined]
    """A letter as it stood: what undo goes back to. The last fifty are kept."""

    __tablename__ = "letter_versions"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"], ondelete="CASCADE"),
    )

    message_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[int] = mapped_column(Id)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    touched: Mapped[str] = mapped_column(String(40), default="")  # which part: typing in one is joined for some seconds
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class OwnTemplate(db.Model):  # type: ignore[misc,name-defined]
    """A letter that its owner keeps to begin others with."""

    __tablename__ = "own_templates"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class OwnBlocks(db.Model):  # type: ignore[misc,name-defined]
    """One or several blocks that their owner keeps to put copies of into letters."""

    __tablename__ = "own_blocks"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150))
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class OwnTheme(db.Model):  # type: ignore[misc,name-defined]
    """An owner's logo, colours and type: what new letters begin with."""

    __tablename__ = "own_themes"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    theme: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
