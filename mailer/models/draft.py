"""What somebody has typed into a form and not saved yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime


class Draft(db.Model):  # type: ignore[misc,name-defined]
    """The fields of one form as its writer left them. Nobody else ever sees it, staff neither."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("owner_id", "key"), Index("ix_drafts_saved", "saved_at"))

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(300))  # the path of a thing's form, or a name that a new thing's form has
    endpoint: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(250))  # where the form is
    title: Mapped[str] = mapped_column(String(200))
    fields: Mapped[list[list[str]]] = mapped_column(JSONB)  # pairs of name and value, in order
    # by its writer, or by the page while they typed; else it was kept since their session had ended
    is_asked_for: Mapped[bool]
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
