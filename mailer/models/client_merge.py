"""Clients of an owner that were one person: which record was merged into which, and groups that are not one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime

MOST_APART = 20_000  # groups of an owner's that are not one person


class ClientMerge(db.Model):  # type: ignore[misc,name-defined]
    """A record that is another one now. Its row in `clients` stays as it was, deleted, so that the links of its mails
    lead to the person; a trigger hands the deliveries over that are decided."""

    __tablename__ = "client_merges"
    __table_args__ = (
        UniqueConstraint("merged_id"),
        Index("ix_client_merges_client", "client_id"),
        ForeignKeyConstraint(["owner_id", "client_id"], ["clients.owner_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["owner_id", "merged_id"], ["clients.owner_id", "clients.id"], ondelete="CASCADE"),
        CheckConstraint("client_id <> merged_id", name="are_two"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[int] = mapped_column(BigInteger)  # who it is now
    merged_id: Mapped[int] = mapped_column(BigInteger)
    former: Mapped[dict[str, Any]] = mapped_column(JSONB)  # of the kept record: the values that gave way
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))


class ClientsApart(db.Model):  # type: ignore[misc,name-defined]
    """Clients who look like one person and are not, as their owner says: they are proposed no more."""

    __tablename__ = "clients_apart"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id"], ["users.id"], ondelete="CASCADE"),
        UniqueConstraint("owner_id", "client_ids"),
        CheckConstraint("cardinality(client_ids) > 1", name="are_several"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    client_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # rising
    said_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))
