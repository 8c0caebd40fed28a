"""Sending domains that are warmed up: how many mails a day each provider gets from them, and why just so many."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum

LONGEST_NAME = 254
SMALLEST_START, LARGEST_START = 10, 100_000
SLOWEST_GROWTH, FASTEST_GROWTH = 5, 100  # per cent a day
LARGEST_TARGET = 1_000_000
ONE_GOING = "uq_warm_ups_going"


class CeilingReason(StrEnum):
    """Why the ceiling of a day is what it is."""

    START = "start"
    GROWN = "grown"
    UNUSED = "unused"  # the same again: the day before was not used enough to show anything
    BOUNCES = "bounces"  # the same again: too many were refused or came back
    COMPLAINTS = "complaints"  # the same again: too many were called spam
    HALVED = "halved"  # its servers said that they get too much
    HELD = "held"  # the same again: an administrator has paused the growth
    WARM = "warm"  # no ceiling any more


class WarmUp(db.Model):  # type: ignore[misc,name-defined]
    """The plan for a domain of From; one at a time goes on for a domain.

    `owner_id`: of an owner's own domain; None: the domain of the service.
    """

    __tablename__ = "warm_ups"
    __table_args__ = (
        Index(ONE_GOING, "domain", unique=True, postgresql_where=text("ended_at IS NULL")),
        CheckConstraint(f"start_count BETWEEN {SMALLEST_START} AND {LARGEST_START}", name="start_is_sane"),
        CheckConstraint(f"growth_percent BETWEEN {SLOWEST_GROWTH} AND {FASTEST_GROWTH}", name="growth_is_sane"),
        CheckConstraint(f"target_count BETWEEN start_count AND {LARGEST_TARGET}", name="target_is_sane"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    domain: Mapped[str] = mapped_column(String(LONGEST_NAME))  # in ASCII, lower case
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    start_count: Mapped[int]
    growth_percent: Mapped[int]
    target_count: Mapped[int]  # a ceiling beyond it is none
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the growth: ceilings hold, and stay
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by an administrator: nothing is limited


class WarmUpDay(db.Model):  # type: ignore[misc,name-defined]
    """One provider's day (of the service's zone): its ceiling, and what became of it.

    The first mail of a day writes its row, made of the latest one before; so the providers of a plan are those that
    have rows. Whoever claims people moves `used_count`: all workers of all hosts share the one row.
    """

    __tablename__ = "warm_up_days"
    __table_args__ = (
        CheckConstraint("ceiling > 0", name="ceiling_is_positive"),
        CheckConstraint("(ceiling IS NULL) = (step = 'warm')", name="warm_has_no_ceiling"),
        CheckConstraint("used_count >= 0", name="used_is_no_debt"),
    )

    warm_up_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("warm_ups.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(32), primary_key=True)  # a group of `recipient_domains`; empty: all others
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    ceiling: Mapped[int | None]
    step: Mapped[CeilingReason] = mapped_column(text_enum(CeilingReason, "step"))
    used_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # taken, refused, or on their way
    refused_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    bounced_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # that day, whenever sent
    complained_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    heard_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # words like "unusual rate"
