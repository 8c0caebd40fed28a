"""One try to hand over one delivery."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME, MAX_WORKER_NAME, UTCDateTime, text_enum
from mailer.smtp.results import Outcome, Phase


class Attempt(db.Model):  # type: ignore[misc,name-defined]
    """When, with what outcome, and the server's answer word for word.

    Written once, then immutable: a trigger refuses changes. Another one, and no foreign key, sees to it that there is a
    delivery for each (migration 0005).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("smtp_code BETWEEN 200 AND 599", name="smtp_code_is_a_reply"),
        CheckConstraint("outcome <> 'accepted' OR smtp_code BETWEEN 200 AND 299", name="accepted_by_a_2yz"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome, "outcome"))
    phase: Mapped[Phase] = mapped_column(text_enum(Phase, "phase"))
    smtp_code: Mapped[int | None] = mapped_column(SmallInteger)
    enhanced_code: Mapped[str | None] = mapped_column(String(16))
    response: Mapped[str] = mapped_column(String(MAX_RESPONSE), default="")  # hostile until escaped
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime] = mapped_column(UTCDateTime)
    tls: Mapped[str | None] = mapped_column(String(64))
    transport: Mapped[str | None] = mapped_column(String(MAX_SERVER_NAME))  # host and port of the mail server
    worker: Mapped[str] = mapped_column(String(MAX_WORKER_NAME), default="")

    delivery: Mapped[Delivery] = relationship(
        primaryjoin=lambda: (
            (foreign(Attempt.run_id) == Delivery.run_id) & (foreign(Attempt.position) == Delivery.position)
        )
    )

    @property
    def is_successful(self) -> bool:
        """The users' two words: «успешно» or «не успешно»."""
        return self.outcome is Outcome.ACCEPTED
