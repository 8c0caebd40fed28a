"""Some hundred consecutive deliveries of a run, the unit that a worker leases."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import MAX_WORKER_NAME, Id, UTCDateTime


class Slice(db.Model):  # type: ignore[misc,name-defined]
    """Deliveries `first_position`…`last_position` of a run.

    `ready_at` is when there is work in it next (null: none); the lease says who works on it. `marked` is a string
    of '0' and '1', one per position: '1' was written, durably, before that mail's content was let go, so that a crash
    leaves no guess. `wave` is that of a run in waves: nothing leaves before `opens_at`, nor at or after `closes_at`.
    `places`: how many places of a warm-up's day the holder has in hand for mails not gone yet; whoever gives the slice
    back, or takes it over, gives them back too.
    """

    __tablename__ = "slices"
    __table_args__ = (
        CheckConstraint("last_position >= first_position", name="is_not_empty"),
        CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease_is_whole"),
        Index("ix_slices_ready", "run_id", "ready_at", postgresql_where=text("ready_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    first_position: Mapped[int] = mapped_column(Integer)
    last_position: Mapped[int] = mapped_column(Integer)
    ready_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    wave: Mapped[int | None] = mapped_column(SmallInteger)
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    leased_by: Mapped[str | None] = mapped_column(String(MAX_WORKER_NAME))
    marked: Mapped[str | None] = mapped_column(String(5000))
    marked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    places: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # of `worker.warm_up_gate`
