"""How many mails a provider's recipients get a minute, and which runs wait for that."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import UTCDateTime

MOST_A_MINUTE = 100_000
LONGEST_NAME = 254
MAX_HEARD = 300


class RecipientPace(db.Model):  # type: ignore[misc,name-defined]
    """The pace of a group of `recipient_domains`, or of one domain: an administrator's rule, what its servers said, or
    both; the slower one holds.

    Whoever claims people of it reserves a moment for each, in order, by moving `next_free`: all workers of all hosts
    share the one row. `rests_until`: after words like "unusual rate" nobody goes before that.
    """

    __tablename__ = "recipient_paces"
    __table_args__ = (
        CheckConstraint(f"per_minute BETWEEN 1 AND {MOST_A_MINUTE}", name="rule_is_sane"),
        CheckConstraint("learned_per_minute > 0", name="learned_is_positive"),
    )

    name: Mapped[str] = mapped_column(String(LONGEST_NAME), primary_key=True)
    per_minute: Mapped[int | None]  # the rule
    learned_per_minute: Mapped[float | None] = mapped_column(Float)  # when it was heard; it creeps up from then on
    heard_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heard: Mapped[str] = mapped_column(String(MAX_HEARD), default="", server_default="")  # hostile until escaped
    rest_minutes: Mapped[int] = mapped_column(default=0, server_default="0")  # of the last; the next is longer
    rests_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_free: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RunHold(db.Model):  # type: ignore[misc,name-defined]
    """People of this run whose provider is paced wait until about then: what the run's page says. `warm_up_id`: they
    wait for the next day of that warm-up; `name` is then one of its groups."""

    __tablename__ = "run_holds"

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), primary_key=True)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    warm_up_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("warm_ups.id", ondelete="SET NULL"))
