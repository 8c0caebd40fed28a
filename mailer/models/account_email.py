"""The outbox of account mails (confirmation, recovery, notices)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class Allowance(StrEnum):
    """What a mail that somebody can cause by a form counts under, so that one cause never uses up another's mails."""

    STRANGERS = "strangers"  # registering, confirming
    RECOVERY = "recovery"  # a forgotten password, asked for from any browser
    KNOWN_DEVICE = "known-device"  # the same from a browser that the person has signed in from
    NEW_ADDRESS = "new-address"  # asked for by somebody signed in
    SIGN_UP = "sign-up"  # at the form of an owner: to somebody who has no account


class AccountEmail(db.Model):  # type: ignore[misc,name-defined]
    """One mail to one account, written in the transaction that gives rise to it and sent after the commit.

    `context` may hold a link's secret, so it is emptied as soon as the mail is sent.
    """

    __tablename__ = "account_emails"
    __table_args__ = (
        Index(
            "ix_account_emails_unsent",
            "next_try_at",
            postgresql_where=text("sent_at IS NULL AND given_up_at IS NULL"),
        ),
        Index(
            "ix_account_emails_counted",
            text("lower(to_email)"),
            "created_at",
            postgresql_where=text("allowance IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    allowance: Mapped[Allowance | None] = mapped_column(text_enum(Allowance, "allowance"))  # None: not counted
    template: Mapped[str] = mapped_column(String(64))
    to_email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    try_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(1000))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
