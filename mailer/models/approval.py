"""A manager's word that a mailing may be sent as it stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.types import Id, UTCDateTime, text_enum


class ApprovalState(StrEnum):
    """Where the question stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"


class Approval(db.Model):  # type: ignore[misc,name-defined]
    """Tied to a fingerprint of message, sender, recipients rule, their own fields and calendar: void after any change.

    How many people it goes to may fall, never rise above `recipient_count`.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("mailing_id", "fingerprint"),
        ForeignKeyConstraint(["owner_id", "mailing_id"], ["mailings.owner_id", "mailings.id"], ondelete="CASCADE"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_has_a_moment"),
        CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name="rejected_has_a_reason"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    mailing_id: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64))
    recipient_count: Mapped[int]  # when it was asked for
    state: Mapped[ApprovalState] = mapped_column(text_enum(ApprovalState, "state"), default=ApprovalState.ASKED)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reason: Mapped[str | None] = mapped_column(String(500))

    mailing: Mapped[Mailing] = relationship(
        foreign_keys=[mailing_id], primaryjoin=Mailing.id == mailing_id, viewonly=True
    )
