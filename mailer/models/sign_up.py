"""Sign-up forms of an owner, the versions of what people agree to there, and who filled one in."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import SuppressionReason
from mailer.models.types import Id, UTCDateTime, text_enum

MOST_FORMS = 50  # of an owner
MOST_VERSIONS = 200  # of the texts of one form
MAX_TITLE, MAX_TEXT, MAX_CONSENT = 150, 1000, 2000
MAX_MAIL_SUBJECT, MAX_MAIL_TEXT = 200, 4000
MAX_PAGE, MAX_AGENT, MAX_IP = 500, 300, 45
UNIQUE_FORM_NAME = "uq_sign_up_forms_owner_id_name"


class ConsentKind(StrEnum):
    """What somebody agrees to; each has a box and a text of its own."""

    MAIL = "mail"  # to be written to
    DATA = "data"  # to the processing of their personal data


class SignUpForm(db.Model):  # type: ignore[misc,name-defined]
    """A form by which people put themselves on an owner's list."""

    __tablename__ = "sign_up_forms"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        UniqueConstraint("owner_id", "name", name=UNIQUE_FORM_NAME),
        CheckConstraint("required <@ asked", name="what_is_required_is_asked"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # what the address of the page carries
    token: Mapped[uuid.UUID] = mapped_column(UUID, unique=True, server_default=text("gen_random_uuid()"))
    name: Mapped[str] = mapped_column(String(MAX_TITLE))  # for the owner
    title: Mapped[str] = mapped_column(String(MAX_TITLE))  # for visitors
    intro: Mapped[str] = mapped_column(String(MAX_TEXT), default="")
    after_text: Mapped[str] = mapped_column(String(MAX_TEXT), default="")  # said when the address is confirmed
    language: Mapped[str] = mapped_column(String(2))
    # `first_name` and others of our fields, `field:12` for the owner's; the address is always asked for
    asked: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default="{}")
    required: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default="{}")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list, server_default="{}")
    mail_subject: Mapped[str] = mapped_column(String(MAX_MAIL_SUBJECT))
    mail_text: Mapped[str] = mapped_column(String(MAX_MAIL_TEXT))
    is_owner_told: Mapped[bool] = mapped_column(default=False, server_default="false")
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the owner was told last
    expired_count: Mapped[int] = mapped_column(default=0, server_default="0")  # who never confirmed, and is forgotten
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # takes nobody since then
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(
        UTCDateTime, default=utcnow, onupdate=utcnow, server_default=text("now()")
    )


class ConsentText(db.Model):  # type: ignore[misc,name-defined]
    """A version of what is agreed to at a form. Never changed: another text is another row, the newest is shown."""

    __tablename__ = "consent_texts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "form_id"], ["sign_up_forms.owner_id", "sign_up_forms.id"], ondelete="CASCADE"
        ),
        Index("ix_consent_texts_form", "form_id", "kind", "id"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    form_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[ConsentKind] = mapped_column(text_enum(ConsentKind, "kind"))
    wording: Mapped[str] = mapped_column(String(MAX_CONSENT))  # empty: from here on this is not asked for
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))


class SignUp(db.Model):  # type: ignore[misc,name-defined]
    """Somebody filled a form in: what they asked for and, once the link was followed, the evidence of it.

    A client is made at the confirmation. What is not confirmed in time is deleted, and counted on the form.
    """

    __tablename__ = "sign_ups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "form_id"], ["sign_up_forms.owner_id", "sign_up_forms.id"], ondelete="CASCADE"
        ),
        Index("ix_sign_ups_address", "owner_id", "email_key", "asked_at"),
        Index("ix_sign_ups_form", "form_id", "asked_at"),
        Index("ix_sign_ups_client", "client_id", postgresql_where=text("client_id IS NOT NULL")),
        Index("ix_sign_ups_open", "expires_at", postgresql_where=text("confirmed_at IS NULL")),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_ip IS NULL)", name="confirmed_from_somewhere"),
        CheckConstraint("email_key = lower(email_key)", name="email_key_is_lower"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    form_id: Mapped[int] = mapped_column(BigInteger)
    # what the link of the mail carries, signed
    token: Mapped[uuid.UUID] = mapped_column(UUID, unique=True, server_default=text("gen_random_uuid()"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # by the names of `SignUpForm.asked`
    consent_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)  # versions agreed to
    page: Mapped[str] = mapped_column(String(MAX_PAGE), default="")  # where the form stood, as the browser says
    ip: Mapped[str] = mapped_column(String(MAX_IP))
    user_agent: Mapped[str] = mapped_column(String(MAX_AGENT), default="")
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_ip: Mapped[str | None] = mapped_column(String(MAX_IP))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    # why nothing was sent to the address until this confirmation lifted it, and since when
    lifted_reason: Mapped[SuppressionReason | None] = mapped_column(text_enum(SuppressionReason, "lifted_reason"))
    lifted_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
