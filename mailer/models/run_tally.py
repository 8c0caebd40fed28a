"""How many of a closed run's people were refused, left out or stopped, by reason."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db


class RefusalKind(StrEnum):
    """What the mail server's refusals are about, by enhanced status code (RFC 3463), else by the reply's code."""

    ADDRESS = "bad_address"  # X.1.x: no such mailbox, domain or name
    MAILBOX = "mailbox"  # X.2.x: full, switched off
    SIZE = "too_large"  # X.3.4, X.2.3
    POLICY = "policy"  # X.7.x: taken for spam, not allowed
    OTHER = "other"


class RunTally(db.Model):  # type: ignore[misc,name-defined]
    """One line of a closed run's account, so that no report counts deliveries.

    `kind` is the delivery's state; `reason` a `Reason`, or a `RefusalKind` where the server refused. It belongs to the
    run's present end only while the run's `tallied_at` equals its `closed_at`.
    """

    __tablename__ = "run_tallies"
    __table_args__ = (CheckConstraint("count > 0", name="count_is_positive"),)

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int]
