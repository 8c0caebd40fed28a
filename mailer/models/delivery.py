"""One client in one run."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.run import Run
from mailer.models.types import UTCDateTime, text_enum


class DeliveryState(StrEnum):
    """What became of one recipient."""

    WAITING = "waiting"
    DEFERRED = "deferred"  # the server asked to come back later
    IN_DOUBT = "in_doubt"  # to be sent again by the mailing's rule
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    EXCLUDED = "excluded"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in UNFINISHED

    @property
    def counter(self) -> str:
        """Which of the run's figures counts it."""
        return "waiting" if self in UNFINISHED else self.value


UNFINISHED = frozenset({DeliveryState.WAITING, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT})

# What a person's decision or an answer may turn a state into; everything else the database refuses.
MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.WAITING: frozenset(DeliveryState) - {DeliveryState.WAITING},
    DeliveryState.DEFERRED: frozenset(DeliveryState) - {DeliveryState.DEFERRED, DeliveryState.WAITING},
    DeliveryState.IN_DOUBT: frozenset(DeliveryState) - {DeliveryState.IN_DOUBT, DeliveryState.WAITING},
    DeliveryState.UNCERTAIN: frozenset({DeliveryState.WAITING, DeliveryState.ACCEPTED}),
    DeliveryState.REFUSED: frozenset({DeliveryState.WAITING}),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.EXCLUDED: frozenset(),
    DeliveryState.STOPPED: frozenset(),  # but for those stopped for a reason in `MAY_BE_SENT_AGAIN`, who may wait again
}


class CameBack(StrEnum):
    """What a report said of a mail that the mail server had accepted; the worse one stays."""

    TRANSIENT = "transient"  # given up after tries, as with a full mailbox
    PERMANENT = "permanent"
    COMPLAINED = "complained"  # the recipient called it spam


class Reason(StrEnum):
    """Why a delivery was excluded, stopped or refused without (or beyond) the server's own words."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"  # by the person, for a month
    UNCONFIRMED = "unconfirmed"  # never followed the link of a sign-up, where that is asked for
    DELETED = "deleted"
    INVALID_ADDRESS = "invalid_address"
    NO_SMTPUTF8 = "no_smtputf8"  # letters that the mail server takes in no address
    TOO_LATE = "too_late"  # of a step of a series, or of a wave: the service was back too late for the rule
    TOO_MANY = "too_many"  # as many emails as the owner wants one person to get had gone to them already
    RENDER_ERROR = "render_error"
    RETRIES_RAN_OUT = "retries_ran_out"
    COUNTED_AS_ACCEPTED = "counted_as_accepted"
    PACED = "paced"  # waiting: its provider's recipients get only so many a minute
    WARMING = "warming"  # waiting for the next day: its domain is warmed up, and the day's ceiling is reached
    PROVEN_BY_REPORT = "proven_by_report"  # accepted: what came back shows that the mail had left
    PROVEN_BY_CLICK = "proven_by_click"  # accepted: its recipient followed a link of it, or saw its pictures
    STOPPED_BY_OWNER = "owner"
    STOPPED_DISABLED = "disabled"
    STOPPED_BY_MANAGER = "manager"
    STOPPED_BLOCKED = "blocked"
    STOPPED_DELETED = "mailing_deleted"
    STOPPED_ENDED = "ended"
    STOPPED_WINDOW = "window"  # the end came while it waited for the sending hours
    STOPPED_NO_CATCHER = "no_catcher"  # a sample account's mail goes nowhere else


# An owner may send to those all the same: nobody wished that they get nothing.
MAY_BE_SENT_AGAIN = frozenset({Reason.STOPPED_ENDED, Reason.STOPPED_WINDOW})


class Delivery(db.Model):  # type: ignore[misc,name-defined]
    """One recipient of one run, numbered from 1 within it; never deleted, and moved only along `MOVES`.

    No index covers a column that sending changes, so that an update stays on its page (HOT). Its run and its client are
    looked at by triggers, once a statement (migration 0005): a foreign key costs more per row than the row itself.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("run_id", "email_key"),
        Index("ix_deliveries_client", "client_id", "run_id"),
        CheckConstraint("state <> 'deferred' OR retry_at IS NOT NULL", name="deferred_has_a_time"),
        CheckConstraint("state NOT IN ('excluded','stopped') OR reason IS NOT NULL", name="left_out_has_a_reason"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    client_id: Mapped[int | None] = mapped_column(BigInteger)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    state: Mapped[DeliveryState] = mapped_column(
        text_enum(DeliveryState, "state"), default=DeliveryState.WAITING, server_default="waiting"
    )
    reason: Mapped[Reason | None] = mapped_column(text_enum(Reason, "reason"))
    attempt_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    transient_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # tries that count
    retry_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # What came back about it. It may come before the server's answer is noted, and counts from *accepted* on.
    came_back: Mapped[CameBack | None] = mapped_column(text_enum(CameBack, "came_back"))

    # The client's values that an approval holds for, taken when the list was made; of runs that needed one.
    bound_values: Mapped[dict[str, str] | None] = mapped_column(JSONB)

    run: Mapped[Run] = relationship(primaryjoin=lambda: foreign(Delivery.run_id) == Run.id)
    client: Mapped[Client | None] = relationship(primaryjoin=lambda: foreign(Delivery.client_id) == Client.id)
