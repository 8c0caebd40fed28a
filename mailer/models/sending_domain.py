"""Domains of owners: their mailings leave from these once the DNS proves them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime

MOST_DOMAINS = 10  # of an owner
LONGEST_DOMAIN = 180  # characters: names in front of it must stay names in DNS
UNIQUE_DOMAIN = "uq_sending_domains_owner_id_name"
ONE_HOLDER = "uq_sending_domains_proven_name"


class SendingDomain(db.Model):  # type: ignore[misc,name-defined]
    """A domain that somebody says is theirs: anybody may say so, and one account at a time proves it."""

    __tablename__ = "sending_domains"
    __table_args__ = (
        UniqueConstraint("owner_id", "name", name=UNIQUE_DOMAIN),
        Index(ONE_HOLDER, "name", unique=True, postgresql_where=text("proven_at IS NOT NULL")),
        Index("uq_sending_domains_used", "owner_id", unique=True, postgresql_where=text("is_used")),
        Index("ix_sending_domains_look_due_at", "look_due_at"),
        CheckConstraint("NOT is_used OR proven_at IS NOT NULL", name="used_is_proven"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST_DOMAIN))  # in ASCII, lower case
    local_part: Mapped[str] = mapped_column(String(64), default="news", server_default="news")  # of From
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    proven_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_used: Mapped[bool] = mapped_column(default=False, server_default="false")  # the owner's mailings leave from it
    wants_key: Mapped[bool] = mapped_column(default=True, server_default="true")  # a job is to make one
    look_due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)  # of that look
    missed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # a sure no for what was proven; cleared by a yes
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the second sure no

    @property
    def address(self) -> str:
        """What stands in From."""
        return f"{self.local_part}@{self.name}"


class DomainKey(db.Model):  # type: ignore[misc,name-defined]
    """A key that signs for a domain: it waits until the DNS shows it, signs, and then rests until it is forgotten.

    It is of RSA, which every receiver reads; one of Ed25519 lives and dies with it (RFC 8463).
    """

    __tablename__ = "domain_keys"
    __table_args__ = (
        UniqueConstraint("domain_id", "selector", name="uq_domain_keys_domain_id_selector"),
        Index("uq_domain_keys_waiting", "domain_id", unique=True, postgresql_where=text("signs_since IS NULL")),
        Index(
            "uq_domain_keys_signing",
            "domain_id",
            unique=True,
            postgresql_where=text("signs_since IS NOT NULL AND retired_at IS NULL"),
        ),
        CheckConstraint("retired_at IS NULL OR signs_since IS NOT NULL", name="retired_has_signed"),
        CheckConstraint("ed25519_seen_at IS NULL OR ed25519_sealed IS NOT NULL", name="seen_is_there"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("sending_domains.id", ondelete="CASCADE"))
    selector: Mapped[str] = mapped_column(String(63))
    record: Mapped[str] = mapped_column(Text)  # what DNS must say, public
    sealed: Mapped[str] = mapped_column(Text)  # the private key, encrypted
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    signs_since: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: DNS has not shown it yet
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # another one signs
    # The second signature, of a record of its own: mail goes without it as long as the DNS does not show that.
    ed25519_record: Mapped[str | None] = mapped_column(Text)
    ed25519_sealed: Mapped[str | None] = mapped_column(Text)
    ed25519_seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # it signs

    @property
    def ed25519_selector(self) -> str:
        """Where the second key's record stands, before `._domainkey`."""
        return f"{self.selector}-ed"
