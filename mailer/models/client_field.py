"""A field of an owner's own: what it is called, what kind of value it holds, and where that is kept to be compared."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum

MOST_FIELDS = 100  # of an owner
MOST_OF_A_TYPE = 20  # of each type that has slots
MOST_CHOICES = 50
UNIQUE_KEY, UNIQUE_LABEL = "uq_client_fields_owner_id_key", "uq_client_fields_owner_label"


class FieldType(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


# The columns of `clients` in which the values of a type stand once more, to be compared and sorted by.
SLOTS = MappingProxyType(
    {
        FieldType.NUMBER: tuple(f"n{number}" for number in range(1, MOST_OF_A_TYPE + 1)),
        FieldType.DATE: tuple(f"d{number}" for number in range(1, MOST_OF_A_TYPE + 1)),
        FieldType.BOOLEAN: tuple(f"b{number}" for number in range(1, MOST_OF_A_TYPE + 1)),
    }
)


class ClientField(db.Model):  # type: ignore[misc,name-defined]
    """A field. Every value is text in `Client.attributes` under `key`; a number, a date and a yes or no stand in `slot`
    of the client too. `key` is what placeholders say and never changes; `label` is what pages show."""

    __tablename__ = "client_fields"
    __table_args__ = (
        UniqueConstraint("owner_id", "key", name=UNIQUE_KEY),
        UniqueConstraint("owner_id", "slot"),
        Index(UNIQUE_LABEL, "owner_id", "label", unique=True),
        CheckConstraint("(type IN ('number', 'date', 'boolean')) = (slot IS NOT NULL)", name="typed_has_a_slot"),
        CheckConstraint("type <> 'choice' OR cardinality(choices) > 0", name="choice_has_choices"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(50))
    label: Mapped[str] = mapped_column(String(50))
    type: Mapped[FieldType] = mapped_column(text_enum(FieldType, "type"), default=FieldType.TEXT, server_default="text")
    slot: Mapped[str | None] = mapped_column(String(3))
    choices: Mapped[list[str]] = mapped_column(ARRAY(String(100)), default=list, server_default="{}")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    is_listed: Mapped[bool] = mapped_column(default=False, server_default="false")  # a column of the list of clients
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
