"""What came back about a delivery, and mails that came back and could not be understood."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from mailer.bounces.report import Kind
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME, Id, UTCDateTime, text_enum

MAX_ADDRESS = 254


class Door(StrEnum):
    """By which way a mail came back."""

    COMMAND = "command"  # flask take-report
    RECEIVER = "receiver"  # LMTP or SMTP on loopback
    MAILBOX = "mailbox"  # read by IMAP or POP3
    WEBHOOK = "webhook"  # of a provider


class MailReport(db.Model):  # type: ignore[misc,name-defined]
    """A report that a token of ours ties to a delivery.

    Written once, then immutable: triggers refuse changes, see to it that there is a delivery, and delete it with that
    (migration 0038).
    """

    __tablename__ = "mail_reports"
    __table_args__ = (
        Index("uq_mail_reports_door_digest", "door", "digest", unique=True),
        Index("ix_mail_reports_delivery", "run_id", "position"),
        CheckConstraint("smtp_code BETWEEN 200 AND 599", name="smtp_code_is_a_reply"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer)
    attempt_number: Mapped[int | None] = mapped_column(SmallInteger)  # the last one when it came, if known by then
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    door: Mapped[Door] = mapped_column(text_enum(Door, "door"))
    digest: Mapped[bytes] = mapped_column(BYTEA)  # of the mail, or of the provider's name for the event
    kind: Mapped[Kind] = mapped_column(text_enum(Kind, "kind"))
    is_permanent: Mapped[bool] = mapped_column(default=False, server_default="false")
    read_by: Mapped[str] = mapped_column(String(16))
    # What follows is hostile until escaped.
    recipient: Mapped[str] = mapped_column(String(MAX_ADDRESS))  # as the report names it
    status: Mapped[str] = mapped_column(String(16))
    smtp_code: Mapped[int | None] = mapped_column(SmallInteger)
    response: Mapped[str] = mapped_column(String(MAX_RESPONSE))
    server: Mapped[str] = mapped_column(String(MAX_SERVER_NAME))


class UnreadMail(db.Model):  # type: ignore[misc,name-defined]
    """A mail that came back and is tied to no delivery, or says nothing we understand: for an administrator's eyes."""

    __tablename__ = "unread_mails"
    __table_args__ = (
        Index("uq_unread_mails_door_digest", "door", "digest", unique=True),
        Index("ix_unread_mails_received", "received_at"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    door: Mapped[Door] = mapped_column(text_enum(Door, "door"))
    digest: Mapped[bytes] = mapped_column(BYTEA)
    kind: Mapped[Kind] = mapped_column(text_enum(Kind, "kind"))
    sender: Mapped[str] = mapped_column(String(MAX_ADDRESS))
    subject: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]  # bytes, before it was cut
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # its beginning
