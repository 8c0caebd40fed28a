"""Unsubscribe links of clients whose rows are gone, with their owner's account or otherwise."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import UTCDateTime


class FormerLink(db.Model):  # type: ignore[misc,name-defined]
    """Written by a trigger on `clients`. It tells a reader's old link from a forged one, and nothing about anybody."""

    __tablename__ = "former_links"
    __table_args__ = (Index("ix_former_links_gone", "gone_at", postgresql_using="brin"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the token's 16 octets
    gone_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=text("now()"))

    @staticmethod
    def hash_of(token: uuid.UUID) -> str:
        """What is kept of a token."""
        return hashlib.sha256(token.bytes).hexdigest()
