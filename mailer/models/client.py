"""A recipient in an owner's list, saved filters over the list, and addresses we must not write to."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client_field import SLOTS, FieldType
from mailer.models.types import Id, UTCDateTime, text_enum

UNIQUE_CLIENT, UNIQUE_FILTER_NAME = "uq_clients_owner_email", "uq_client_filters_owner_id_name"
# The mailbox that an address leads to, as far as mail services are known (a function of the database, revision 0054).
# The index holds those only that are written otherwise.
MAILBOX = "mailbox_of(email_key)"
IS_WRITTEN_OTHERWISE = f"deleted_at IS NULL AND email_key <> {MAILBOX}"


class Client(db.Model):  # type: ignore[misc,name-defined]
    """A person the owner writes to. The address is unique per owner among the clients not deleted."""

    __tablename__ = "clients"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),  # what composite foreign keys point at
        Index(
            UNIQUE_CLIENT,
            "owner_id",
            "email_key",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        # The order of a dictionary: `searching.folded`. The names are in it too, or PostgreSQL would read each client
        # that stands before a page, for columns that it has the folded forms of.
        Index(
            "ix_clients_owner_alphabetical",
            "owner_id",
            text("translate(lower(last_name), 'ё', 'е')"),
            text("translate(lower(first_name), 'ё', 'е')"),
            "id",
            postgresql_include=["last_name", "first_name"],
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_clients_mailbox", "owner_id", text(MAILBOX), postgresql_where=text(IS_WRITTEN_OTHERWISE)),
        Index(
            "ix_clients_owner_added",
            "owner_id",
            "created_at",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_clients_paused", "owner_id", postgresql_where=text("paused_until IS NOT NULL")),
        Index("ix_clients_refused_tags", "owner_id", postgresql_where=text("refused_tags <> '{}'")),
        # the zones of an owner's clients, one look for each of them
        Index("ix_clients_timezone", "owner_id", "timezone", postgresql_where=text("timezone <> ''")),
        Index("ix_clients_tags", "tags", postgresql_using="gin"),
        CheckConstraint("birth_year BETWEEN 1900 AND 2100", name="birth_year_is_sane"),
        CheckConstraint("email_key = lower(email_key)", name="email_key_is_lower"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))  # as it goes into the envelope: the domain in ASCII
    email_key: Mapped[str] = mapped_column(String(254))  # lower case: what makes an address the same address
    last_name: Mapped[str] = mapped_column(String(150), default="")
    first_name: Mapped[str] = mapped_column(String(150), default="")
    patronymic: Mapped[str] = mapped_column(String(150), default="")
    comment: Mapped[str] = mapped_column(String(2000), default="")
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    # What they read (a code of `composing.languages`) and the zone they live in (an IANA name); empty: not known.
    language: Mapped[str] = mapped_column(String(8), default="", server_default="")
    timezone: Mapped[str] = mapped_column(String(64), default="", server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list, server_default="{}")
    # tags the person gave back on their own page: a trigger keeps them off, whoever adds them
    refused_tags: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list, server_default="{}")
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by themselves: nothing is sent before
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    # What an unsubscribe link carries instead of an id or an address.
    token: Mapped[uuid.UUID] = mapped_column(UUID, unique=True, server_default=text("gen_random_uuid()"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("client_imports.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(
        UTCDateTime, default=utcnow, onupdate=utcnow, server_default=text("now()")
    )
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"version_id_col": version}

    @property
    def full_name(self) -> str:
        """Last name, first name and patronymic, those that are known."""
        return " ".join(part for part in (self.last_name, self.first_name, self.patronymic) if part)


# Read only where a field is compared or sorted by: what pages and mails show of it is in `attributes`.
for _type, _kind in ((FieldType.NUMBER, Numeric()), (FieldType.DATE, Date()), (FieldType.BOOLEAN, Boolean())):
    for _slot in SLOTS[_type]:
        setattr(Client, _slot, mapped_column(_slot, _kind, nullable=True, deferred=True, deferred_group="slots"))


def type_of_slot(slot: str) -> str:
    """The SQL type of such a column."""
    return str(Client.__table__.c[slot].type)


class ClientFilter(db.Model):  # type: ignore[misc,name-defined]
    """A segment: a condition on clients under a name, evaluated anew whenever it is used.

    `tree` is read by `mailer.segments.conditions`. `criteria` is what it was before there were trees, for workers of
    the release before this one only.
    """

    __tablename__ = "client_filters"
    __table_args__ = (UniqueConstraint("owner_id", "id"), UniqueConstraint("owner_id", "name", name=UNIQUE_FILTER_NAME))

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150))
    tree: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # without one it cannot be used
    criteria: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text('\'{"birth_year_to": 1900, "birth_year_from": 2100}\''),  # nobody
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    broken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # in use, cannot be used, and its owner was told


class SuppressionReason(StrEnum):
    """Why an owner must not write to an address."""

    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    BAD_ADDRESS = "bad-address"
    BOUNCED = "bounced"  # mail to it came back
    COMPLAINED = "complained"  # the person called it spam


class Suppression(db.Model):  # type: ignore[misc,name-defined]
    """An address that this owner's mailings leave out, whatever list it is on; outlives the client."""

    __tablename__ = "suppressions"
    __table_args__ = (
        Index("ix_suppressions_run", "run_id", postgresql_where=text("run_id IS NOT NULL")),
        Index("ix_suppressions_import", "import_id", postgresql_where=text("import_id IS NOT NULL")),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254), primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(text_enum(SuppressionReason, "reason"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, server_default=text("now()"))
    # the run whose link was used to unsubscribe, where it was one
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    # the import that alone says so, and takes it back when undone
    import_id: Mapped[int | None] = mapped_column(ForeignKey("client_imports.id", ondelete="SET NULL"))
