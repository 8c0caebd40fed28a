"""The secret half of a person's iCalendar link."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import UTCDateTime


class CalendarFeed(db.Model):  # type: ignore[misc,name-defined]
    """A link that shows a person's coming runs to whoever has it: this number, signed. No row, no link."""

    __tablename__ = "calendar_feeds"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[uuid.UUID] = mapped_column(UUID, default=uuid.uuid4, unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
