"""What became of a run's mails by recipient domain and day."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import Id, text_enum

MAX_WORDS = 160
EVERYBODY = 0  # in place of an owner: no account has this id


class DomainFigure(StrEnum):
    """What is counted."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # tries put off by the server, by words about this recipient
    REFUSED = "refused"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class DomainDay(db.Model):  # type: ignore[misc,name-defined]
    """One figure of a run, a group of recipient domains and a day of the owner's zone: no report reads attempts.

    `domain` is a group of `recipient_domains`, a domain, or empty for all that are too small. `words`: what the server
    said, without what is unique to a mail; the commonest ones of each day have rows of their own, all others are
    summed under empty ones. What came back counts on the day it did.
    """

    __tablename__ = "domain_days"
    __table_args__ = (
        Index("ix_domain_days_owner_day", "owner_id", "day"),
        Index("ix_domain_days_day", "day"),
        CheckConstraint("count > 0", name="count_is_positive"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    domain: Mapped[str] = mapped_column(String(254), primary_key=True)
    figure: Mapped[DomainFigure] = mapped_column(text_enum(DomainFigure, "figure"), primary_key=True)
    words: Mapped[str] = mapped_column(String(MAX_WORDS), primary_key=True, default="")
    owner_id: Mapped[int] = mapped_column(BigInteger)  # of the run
    count: Mapped[int]


class DomainSum(db.Model):  # type: ignore[misc,name-defined]
    """One change of a figure summed over the runs of an owner, or of everybody (`EVERYBODY`), for a day or a whole
    month; the figure is the sum. Written by triggers on `domain_days`, so that nobody waits for anybody; the tick adds
    rows up. So no report reads a row for each run, and that of a year a dozen months."""

    __tablename__ = "domain_sums"
    __table_args__ = (
        Index("ix_domain_sums_time", "owner_id", "is_month", "day", "domain"),
        Index("ix_domain_sums_domain", "owner_id", "domain", "is_month", "day"),
        Index("ix_domain_sums_fresh", "id", postgresql_where=text("NOT is_folded")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    is_month: Mapped[bool]
    day: Mapped[date] = mapped_column(Date)  # the first one of a month
    domain: Mapped[str] = mapped_column(String(254))
    figure: Mapped[DomainFigure] = mapped_column(text_enum(DomainFigure, "figure"))
    words: Mapped[str] = mapped_column(String(MAX_WORDS))
    change: Mapped[int] = mapped_column(BigInteger)
    is_folded: Mapped[bool] = mapped_column(default=False, server_default="false")
