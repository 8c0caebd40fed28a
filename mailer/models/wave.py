"""The part of a run that begins at one moment: clients in whose time zones it is the planned time just then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import UTCDateTime


class Wave(db.Model):  # type: ignore[misc,name-defined]
    """A wave of a run, numbered from 1 in the order of its moments; its people are those of its slices.

    `opens_at` and `closes_at` are the present (or next) sending hours there: without any, `opens_at` is `planned_at`.
    """

    __tablename__ = "waves"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint("zone_count >= 1 AND client_count >= 0", name="counts_are_sane"),
        CheckConstraint("opens_at >= planned_at", name="opens_at_its_moment"),
        CheckConstraint("closes_at > opens_at", name="closes_later"),
        Index("ix_waves_to_begin", "opens_at", postgresql_where=text("begun_at IS NULL")),
        Index(
            "ix_waves_left_out_in_silence",
            "run_id",
            "number",
            postgresql_where=text("is_too_late AND alarmed_at IS NULL"),
        ),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    planned_at: Mapped[datetime] = mapped_column(UTCDateTime)
    timezone: Mapped[str] = mapped_column(String(64))  # that of the most of its people
    zone_count: Mapped[int] = mapped_column(SmallInteger, default=1)  # whose clocks agree at that moment
    client_count: Mapped[int] = mapped_column(Integer)  # chosen when the list was made
    opens_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the tick found that its moment had come
    is_too_late: Mapped[bool] = mapped_column(default=False, server_default="false")  # that was too late: left out
    alarmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when it was said to be late, or left out
