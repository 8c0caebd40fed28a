"""How many clients each owner has, and with which tag, kept so that no page counts a list."""

from __future__ import annotations

from sqlalchemy import BigInteger, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import Id


class ClientCount(db.Model):  # type: ignore[misc,name-defined]
    """One change of a number; the number is the sum. Written by triggers on `clients`, one row for each statement and
    what it changed, so that nobody waits for anybody; the tick adds rows up (`mailer/client_counts.py`)."""

    __tablename__ = "client_counts"
    __table_args__ = (Index("ix_client_counts_owner", "owner_id", "tag"),)

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)  # no reference: it would lock the owner at each edit of a client
    is_deleted: Mapped[bool]  # of the clients not on the list any more
    tag: Mapped[str | None] = mapped_column(String(50))  # NULL: whatever their tags
    change: Mapped[int] = mapped_column(BigInteger)
