"""What readers, and machines, did with a mail: links followed and the pixel fetched."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import UTCDateTime, text_enum

OPEN = 0  # the number of the pixel among the links of a mail
MAX_AGENT, MAX_PURPOSE = 300, 60


class Asker(StrEnum):
    """Who it was that fetched something."""

    PERSON = "person"
    PROBABLY = "probably"  # a machine, in all likelihood
    MACHINE = "machine"


class JudgedBy(StrEnum):
    """By what it was judged, and is told."""

    NONE = "none"  # nothing speaks for a machine
    PROXY = "proxy"  # a person, whose mail service fetches pictures in its own name when they open the mail
    HEAD = "head"
    AHEAD = "ahead"
    PROGRAM = "program"
    BURST = "burst"
    AT_ONCE = "at_once"
    SOON = "soon"
    PROXY_SOON = "proxy_soon"
    APPLE = "apple"
    GMAIL = "gmail"
    NETWORK = "network"


class LinkHit(db.Model):  # type: ignore[misc,name-defined]
    """A request for a link or a pixel, until it is judged some seconds later and deleted. It has no address.

    Unlogged: a crash of PostgreSQL empties the table, and costs those seconds.
    """

    __tablename__ = "link_hits"
    __table_args__ = (Index("ix_link_hits_run", "run_id", "at"), {"prefixes": ["UNLOGGED"]})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    link: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    is_head: Mapped[bool]
    is_listed: Mapped[bool]  # its address lies in a network of SCANNER_NETWORKS
    purpose: Mapped[str] = mapped_column(String(MAX_PURPOSE))  # hostile until escaped, as what follows
    agent: Mapped[str] = mapped_column(String(MAX_AGENT))


class Reaction(db.Model):  # type: ignore[misc,name-defined]
    """That a link of one delivery was followed, or its pixel fetched, by somebody of that verdict; for some months."""

    __tablename__ = "reactions"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    link: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    verdict: Mapped[Asker] = mapped_column(text_enum(Asker, "verdict"), primary_key=True)
    rule: Mapped[JudgedBy] = mapped_column(text_enum(JudgedBy, "rule"))
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    hit_count: Mapped[int] = mapped_column(Integer)


class ReactionTotal(db.Model):  # type: ignore[misc,name-defined]
    """How many recipients of a run a link was followed for, by verdict and rule. It stays."""

    __tablename__ = "reaction_totals"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    link: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    verdict: Mapped[Asker] = mapped_column(text_enum(Asker, "verdict"), primary_key=True)
    rule: Mapped[JudgedBy] = mapped_column(text_enum(JudgedBy, "rule"), primary_key=True)
    recipient_count: Mapped[int] = mapped_column(Integer)


class ReactionHour(db.Model):  # type: ignore[misc,name-defined]
    """How many people of a run clicked, and opened, for the first time in an hour (of UTC). It stays."""

    __tablename__ = "reaction_hours"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    clicked_count: Mapped[int] = mapped_column(Integer)
    opened_count: Mapped[int] = mapped_column(Integer)
