"""What to send, to whom, and when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.days_off import Change, OwnersDaysOff
from mailer.extensions import db
from mailer.models.calendar_rule import CHECKS, CalendarRule
from mailer.models.client import Client
from mailer.models.holiday_change import HolidayChange
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress
from mailer.models.types import Id, UTCDateTime, text_enum
from mailer.models.user import User


class Audience(StrEnum):
    """How the recipients are chosen."""

    EVERYONE = "everyone"
    CLIENTS = "clients"
    TAGS = "tags"
    FILTER = "filter"
    SERIES = "series"  # the people due in a step of a series: it has no calendar, and is shown with its series only


class InDoubtRule(StrEnum):
    """What becomes of a mail that a crash left in doubt."""

    HOLD = "hold"
    RESEND = "resend"


class MailingStatus(StrEnum):
    """The status a person sees."""

    CREATED = "created"
    STARTED = "started"
    COMPLETED = "completed"
    PAUSED = "paused"  # by the owner
    DISABLED = "disabled"  # by a manager


mailing_clients = Table(
    "mailing_clients",
    db.metadata,
    Column("mailing_id", BigInteger, primary_key=True),
    Column("client_id", BigInteger, primary_key=True, index=True),
    Column("owner_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["owner_id", "mailing_id"], ["mailings.owner_id", "mailings.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["owner_id", "client_id"], ["clients.owner_id", "clients.id"], ondelete="CASCADE"),
)


class Mailing(CalendarRule, db.Model):  # type: ignore[misc,name-defined]
    """A message, its audience and its calendar rule. Moments are wall-clock times in the mailing's own zone."""

    __tablename__ = "mailings"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        ForeignKeyConstraint(["owner_id", "message_id"], ["messages.owner_id", "messages.id"]),
        ForeignKeyConstraint(["owner_id", "filter_id"], ["client_filters.owner_id", "client_filters.id"]),
        CheckConstraint("ends_local IS NULL OR ends_local > starts_local", name="ends_after_it_starts"),
        CheckConstraint(
            "audience <> 'filter' OR filter_id IS NOT NULL OR cardinality(segment_ids) > 0",
            name="segments_when_filtered",
        ),
        CheckConstraint("audience <> 'tags' OR cardinality(tags) > 0", name="tags_when_tagged"),
        CheckConstraint("completed_at IS NULL OR next_run_at IS NULL", name="completed_has_no_next_run"),
        CheckConstraint("moved_from_at IS NULL OR next_run_at IS NOT NULL", name="what_was_moved_is_to_come"),
        *CHECKS,
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_has_a_reason"),
        ForeignKeyConstraint(["owner_id", "reply_to_id"], ["own_addresses.owner_id", "own_addresses.id"]),
        Index("ix_mailings_reply_to", "reply_to_id", postgresql_where=text("reply_to_id IS NOT NULL")),
        Index("ix_mailings_owner_created", "owner_id", "created_at"),
        # The tick reads this index only, however many mailings sleep.
        Index(
            "ix_mailings_due",
            "next_run_at",
            postgresql_where=text(
                "next_run_at IS NOT NULL AND paused_at IS NULL AND disabled_at IS NULL AND deleted_at IS NULL"
            ),
        ),
        Index(
            "ix_mailings_in_waves",
            "next_run_at",
            postgresql_where=text(
                "in_waves AND next_run_at IS NOT NULL AND paused_at IS NULL AND disabled_at IS NULL "
                "AND deleted_at IS NULL"
            ),
        ),
        Index("ix_mailings_first_wave", "first_wave_at", postgresql_where=text("first_wave_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(150))
    message_id: Mapped[int] = mapped_column(BigInteger)
    audience: Mapped[Audience] = mapped_column(text_enum(Audience, "audience"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list, server_default="{}")
    # Segments (`client_filters`) whose people get it, and those whose people do not, whatever the audience.
    segment_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    left_out_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    filter_id: Mapped[int | None] = mapped_column(BigInteger)  # the one segment, as the release before wrote it
    sender_name: Mapped[str] = mapped_column(String(100), default="", server_default="")  # empty: that of the profile
    reply_to_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the address of the account
    in_doubt_rule: Mapped[InDoubtRule] = mapped_column(
        text_enum(InDoubtRule, "in_doubt_rule"), default=InDoubtRule.HOLD
    )
    # Whether clicks on its links, and opens, are counted: of the runs that begin from then on.
    counts_clicks: Mapped[bool] = mapped_column(default=False, server_default="false")
    counts_opens: Mapped[bool] = mapped_column(default=False, server_default="false")

    next_run_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_run_local: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=False)
    )  # the same moment on the clocks of the mailing's zone
    # In waves: when its run begins for the easternmost of its people, as last looked at; None before that.
    first_wave_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    moved_from_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by hand, the coming run: when it was planned
    # Since when the calendar is as it stands: nothing was promised for moments before.
    calendar_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # resumed or switched on; moments before are not made good
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_run_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    skipped_count: Mapped[int] = mapped_column(default=0, server_default="0")  # moments left out: `run_limit` goes on
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    disabled_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    # Raised by a person's change only: a run that starts meanwhile is no reason to refuse a form.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    message: Mapped[Message] = relationship(
        foreign_keys=[message_id], primaryjoin=Message.id == message_id, viewonly=True
    )
    reply_to: Mapped[OwnAddress | None] = relationship(
        foreign_keys=[reply_to_id], primaryjoin=OwnAddress.id == reply_to_id, viewonly=True
    )
    clients: Mapped[list[Client]] = relationship(
        secondary=mailing_clients,
        primaryjoin=id == mailing_clients.c.mailing_id,
        secondaryjoin=Client.id == mailing_clients.c.client_id,
        viewonly=True,
    )

    holiday_changes: Mapped[list[HolidayChange]] = relationship(
        primaryjoin="and_(foreign(HolidayChange.owner_id) == Mailing.owner_id, "
        "foreign(HolidayChange.country) == Mailing.holiday_country)",
        viewonly=True,
        uselist=True,
    )

    def days_off(self) -> OwnersDaysOff | None:
        """The holidays of the mailing's country as its owner keeps them."""
        if self.holiday_country is None:
            return None
        changes = frozenset(Change(change.day, change.name) for change in self.holiday_changes)
        return OwnersDaysOff(self.holiday_country, changes, subdivision=self.holiday_subdivision)

    @property
    def chosen_segment_ids(self) -> list[int]:
        """The segments whose people it is for, where it is for segments."""
        if self.audience is not Audience.FILTER:
            return []
        return list(self.segment_ids or ([self.filter_id] if self.filter_id else []))

    @property
    def status(self) -> MailingStatus:
        """The one word shown to people; a pause outweighs the calendar."""
        if self.completed_at is not None:
            return MailingStatus.COMPLETED
        if self.disabled_at is not None:
            return MailingStatus.DISABLED
        if self.paused_at is not None:
            return MailingStatus.PAUSED
        return MailingStatus.STARTED if self.started_at is not None else MailingStatus.CREATED

    @property
    def calendar_changed_at(self) -> datetime:
        """Since when its moments are what they are: what calendar programs ask for."""
        return self.calendar_since or self.created_at

    @property
    def may_send(self) -> bool:
        """Whether it is neither paused nor switched off, nor its owner blocked."""
        return self.paused_at is None and self.disabled_at is None and self.deleted_at is None


HAS_CALENDAR = Mailing.audience != Audience.SERIES  # what lists of mailings show; a step is shown with its series
