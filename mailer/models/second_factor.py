"""What a person proves beside the password, and where they did so before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import UTCDateTime


class SecondFactor(db.Model):  # type: ignore[misc,name-defined]
    """One-time codes (RFC 6238). The secret is encrypted, recovery codes are hashed, and no code works twice."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str] = mapped_column(String(255))
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # the 30 seconds whose code was used last
    recovery_hashes: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class KnownDevice(db.Model):  # type: ignore[misc,name-defined]
    """A browser that the person has signed in from: it carries a random mark, here is its hash."""

    __tablename__ = "known_devices"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    mark_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
