"""What somebody did, looked at, or was refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class Action(StrEnum):
    """What an entry tells of."""

    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    REGISTERED = "registered"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - an event
    EMAIL_CHANGED = "email-changed"
    SECOND_FACTOR_ON = "second-factor-on"
    SECOND_FACTOR_OFF = "second-factor-off"
    SESSIONS_ENDED = "sessions-ended"
    ERASED = "erased"
    VIEWED = "viewed"
    CHANGED = "changed"
    DELETED = "deleted"
    IMPORTED = "imported"
    EXPORTED = "exported"
    SENT = "sent"
    STOPPED = "stopped"
    DENIED = "denied"
    NOT_FOUND = "not-found"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    ROLE_CHANGED = "role-changed"
    PERMISSIONS_CHANGED = "permissions-changed"
    LIMIT_CHANGED = "limit-changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    APPROVAL_ASKED = "approval-asked"
    APPROVED = "approved"
    REJECTED = "rejected"


class JournalEntry(db.Model):  # type: ignore[misc,name-defined]
    """One event. Rows are only ever added: the database refuses anything else, and each hash covers the one before.

    People are named by id and without a foreign key: an erased account leaves nothing but a number here.
    """

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_actor_at", "actor_id", "at"), Index("ix_journal_subject", "subject", "at"))

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)  # None: a visitor or the command line
    action: Mapped[Action] = mapped_column(text_enum(Action, "action"))
    subject: Mapped[str] = mapped_column(String(64), default="")  # `user 7`, `mailing 12`, `client 3`
    ip: Mapped[str] = mapped_column(String(45), default="")
    request_id: Mapped[str] = mapped_column(String(12), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    hash: Mapped[str] = mapped_column(String(64))
