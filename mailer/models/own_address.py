"""Further addresses of a person, each proven by a link mailed to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime


class OwnAddress(db.Model):  # type: ignore[misc,name-defined]
    """Where answers to mailings and test mails may go besides the address of the account."""

    __tablename__ = "own_addresses"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        Index("uq_own_addresses_owner_email", "owner_id", func.lower(text("email")), unique=True),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    confirmed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
