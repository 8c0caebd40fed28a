"""A browser that is signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime
from mailer.models.user import User


class UserSession(db.Model):  # type: ignore[misc,name-defined]
    """The row is the session: without it the cookie, which holds the key, opens nothing. Here is its hash only."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    is_remembered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)  # when the password was typed
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)  # to the minute
    ip: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")

    user: Mapped[User] = relationship()
