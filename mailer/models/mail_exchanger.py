"""Who takes the mail of a recipient domain, as the DNS said last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import UTCDateTime

LONGEST_DOMAIN, LONGEST_HOST = 254, 255


class MailExchanger(db.Model):  # type: ignore[misc,name-defined]
    """A domain of clients with the host that its MX record prefers, and the group of `recipient_domains` whose host
    that is: mail to a company at Google or Yandex shares the pace of Gmail or Yandex.

    Domains that `recipient_domains` lists by name are not here. While nobody answers, what was known stays.
    """

    __tablename__ = "mail_exchangers"
    __table_args__ = (Index("ix_mail_exchangers_look_due_at", "look_due_at"),)

    domain: Mapped[str] = mapped_column(String(LONGEST_DOMAIN), primary_key=True)
    host: Mapped[str | None] = mapped_column(String(LONGEST_HOST))  # None: no MX record, or nobody has answered yet
    group_name: Mapped[str | None] = mapped_column(String(32))  # None: the domain is a group of its own
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)  # a client was there, to the day
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # with an answer
    look_due_at: Mapped[datetime] = mapped_column(UTCDateTime)
