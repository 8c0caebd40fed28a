"""Looking over a message takes long where many are asked: every link, or a mail for every person."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class ExaminationKind(StrEnum):
    """What is asked."""

    LINKS = "links"  # whether each leads somewhere
    PEOPLE = "people"  # how the mail of each person comes out


class ExaminationState(StrEnum):
    """Where it stands."""

    QUEUED = "queued"  # for its first turn, or the next one
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether it will not move any more."""
        return self in (ExaminationState.DONE, ExaminationState.CANCELLED, ExaminationState.FAILED)


class Examination(db.Model):  # type: ignore[misc,name-defined]
    """The latest of its kind for a message; one that begins takes the place of the one before."""

    __tablename__ = "examinations"
    __table_args__ = (
        UniqueConstraint("message_id", "kind"),
        ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"], ondelete="CASCADE"),
        CheckConstraint(
            "(state IN ('done', 'cancelled', 'failed')) = (finished_at IS NOT NULL)", name="final_has_an_end"
        ),
        Index("ix_examinations_open", "moved_at", postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(Id)
    message_id: Mapped[int] = mapped_column(Id)
    kind: Mapped[ExaminationKind] = mapped_column(text_enum(ExaminationKind, "kind"))
    mailing_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("mailings.id", ondelete="CASCADE"))
    message_version: Mapped[int] = mapped_column()  # that was looked at
    state: Mapped[ExaminationState] = mapped_column(
        text_enum(ExaminationState, "state"), default=ExaminationState.QUEUED
    )
    total_count: Mapped[int] = mapped_column(default=0, server_default="0")
    done_count: Mapped[int] = mapped_column(default=0, server_default="0")
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # what was found so far, and where it goes on
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # by a worker
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
