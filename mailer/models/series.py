"""Series: an ordered list of messages that go to each person at their own times, and who is where in one.

A step is sent by a mailing of its own (`Audience.SERIES`), so that runs, deliveries and attempts are the same rows as
any mailing's. Which people are due is said by `enrolments`; everything after that is the ledger's.
"""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    String,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.types import Id, UTCDateTime, text_enum
from mailer.models.user import User

MOST_SERIES = 100  # of an owner
MOST_STEPS = 30  # of a series
LONGEST_HOURS, LONGEST_DAYS, LONGEST_OFFSET, LONGEST_LATE = 720, 730, 365, 720


class SeriesState(StrEnum):
    """What a series is doing, apart from pauses."""

    DRAFT = "draft"
    ACTIVE = "active"
    STOPPED = "stopped"  # for good: everybody in it has left


class Entry(StrEnum):
    """What makes clients enter by themselves."""

    HAND = "hand"  # nothing does
    SIGN_UP = "sign_up"
    TAG = "tag"
    SEGMENT = "segment"
    DATE = "date"  # a date field of the client


class DelayKind(StrEnum):
    """What a step waits for, counted from the sending of the step before (the first: from the entering)."""

    HOURS = "hours"
    DAYS = "days"  # at a time of day
    WORKING_DAYS = "working_days"  # at a time of day


class EnrolmentState(StrEnum):
    """Where a person is."""

    WAITING = "waiting"
    FINISHED = "finished"
    LEFT = "left"
    PASSED_BY = "passed_by"  # they met the entry rule before the series was started, and were not to be taken in


class LeftReason(StrEnum):
    """Why a person left before the end."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    DELETED = "deleted"
    REFUSED = "refused"  # a mail server refused their address for good
    SEGMENT = "segment"
    GOAL = "goal"
    OWNER = "owner"
    STOPPED = "stopped"  # the whole series was
    MERGED = "merged"  # the person goes on, or is over, under another record


class Held(StrEnum):
    """Why the people due in a step wait all the same."""

    LIMIT = "limit"
    UNAPPROVED = "unapproved"
    NO_CATCHER = "no_catcher"
    MESSAGE = "message"  # it was deleted


class Series(db.Model):  # type: ignore[misc,name-defined]
    """A series. Wall-clock times are those of `timezone`; with `in_own_zones` those at which somebody is due are of the
    client's own zone, where it is known."""

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint("owner_id", "id"),
        ForeignKeyConstraint(["owner_id", "entry_segment_id"], ["client_filters.owner_id", "client_filters.id"]),
        CheckConstraint("entry <> 'tag' OR entry_tag IS NOT NULL", name="tag_when_by_tag"),
        CheckConstraint("entry <> 'segment' OR entry_segment_id IS NOT NULL", name="segment_when_by_segment"),
        CheckConstraint(
            "entry <> 'date' OR entry_field_id IS NOT NULL AND entry_at IS NOT NULL", name="field_when_by_date"
        ),
        CheckConstraint("NOT leaves_with_segment OR entry_segment_id IS NOT NULL", name="segment_when_left_with_it"),
        CheckConstraint(f"entry_offset BETWEEN -{LONGEST_OFFSET} AND {LONGEST_OFFSET}", name="offset_is_sane"),
        CheckConstraint(f"late_limit_hours BETWEEN 0 AND {LONGEST_LATE}", name="late_limit_is_sane"),
        CheckConstraint("(window_opens IS NULL) = (window_closes IS NULL)", name="window_opens_and_closes"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_has_a_reason"),
        CheckConstraint("(state = 'draft') = (started_at IS NULL)", name="started_is_no_draft"),
        Index("ix_series_owner_created", "owner_id", "created_at"),
        # The tick reads this index only, however many series sleep.
        Index("ix_series_look", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[SeriesState] = mapped_column(text_enum(SeriesState, "state"), default=SeriesState.DRAFT)
    timezone: Mapped[str] = mapped_column(String(64))
    in_own_zones: Mapped[bool] = mapped_column(default=False, server_default="false")

    entry: Mapped[Entry] = mapped_column(text_enum(Entry, "entry"), default=Entry.HAND)
    entry_tag: Mapped[str | None] = mapped_column(String(50))
    entry_segment_id: Mapped[int | None] = mapped_column(BigInteger)
    entry_field_id: Mapped[int | None] = mapped_column(ForeignKey("client_fields.id"))
    entry_offset: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # days after; before if < 0
    entry_at: Mapped[time | None] = mapped_column(Time)
    entry_is_yearly: Mapped[bool] = mapped_column(default=False, server_default="false")
    takes_present: Mapped[bool] = mapped_column(default=False, server_default="false")  # those who meet it at the start
    allows_again: Mapped[bool] = mapped_column(default=False, server_default="false")

    leaves_with_segment: Mapped[bool] = mapped_column(default=False, server_default="false")
    goal_tag: Mapped[str | None] = mapped_column(String(50))
    late_limit_hours: Mapped[int] = mapped_column(SmallInteger, default=12, server_default="12")
    window_opens: Mapped[time | None] = mapped_column(Time)
    window_closes: Mapped[time | None] = mapped_column(Time)
    working_days_only: Mapped[bool] = mapped_column(default=False, server_default="false")
    holiday_country: Mapped[str | None] = mapped_column(String(3))
    counts_clicks: Mapped[bool] = mapped_column(default=False, server_default="false")
    counts_opens: Mapped[bool] = mapped_column(default=False, server_default="false")

    next_look_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the rules are looked at next
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # NULL: those present are not sorted out yet
    looked_day: Mapped[date | None] = mapped_column(Date)  # entering by a date: the last day that was done
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    disabled_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    # Raised by a person's change only: a worker that looks meanwhile is no reason to refuse a form.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    steps: Mapped[list[SeriesStep]] = relationship(
        primaryjoin="and_(SeriesStep.series_id == Series.id, SeriesStep.removed_at.is_(None))",
        order_by="SeriesStep.position",
        viewonly=True,
    )

    @property
    def is_going(self) -> bool:
        """Whether people enter and go on (`places.GOING` in SQL); a blocked owner holds it back all the same."""
        is_held = self.paused_at is not None or self.disabled_at is not None or self.deleted_at is not None
        return self.state is SeriesState.ACTIVE and not is_held

    @property
    def standing(self) -> str:
        """The one word shown to people."""
        if self.state is SeriesState.ACTIVE and self.disabled_at is not None:
            return "disabled"
        return "paused" if self.state is SeriesState.ACTIVE and self.paused_at is not None else self.state.value


class SeriesStep(db.Model):  # type: ignore[misc,name-defined]
    """A step: how long to wait, and the mailing that sends it. Its id is never given to another step."""

    __tablename__ = "series_steps"
    __table_args__ = (
        UniqueConstraint("mailing_id"),
        ForeignKeyConstraint(["owner_id", "series_id"], ["series.owner_id", "series.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["owner_id", "mailing_id"], ["mailings.owner_id", "mailings.id"]),
        CheckConstraint("(delay_kind = 'hours') = (at_time IS NULL)", name="days_have_a_time"),
        CheckConstraint(f"delay_count BETWEEN 0 AND {LONGEST_DAYS}", name="delay_is_sane"),
        Index("ix_series_steps_series", "series_id", "position"),
        # The tick reads this index only, however many people wait.
        Index("ix_series_steps_due", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    series_id: Mapped[int] = mapped_column(BigInteger)
    mailing_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(SmallInteger)
    delay_kind: Mapped[DelayKind] = mapped_column(text_enum(DelayKind, "delay_kind"))
    delay_count: Mapped[int] = mapped_column(SmallInteger)
    at_time: Mapped[time | None] = mapped_column(Time)
    # The first moment at which somebody is due, or when to look again at people who are held; NULL while it may not go.
    next_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    held_reason: Mapped[Held | None] = mapped_column(text_enum(Held, "held_reason"))
    excused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # held until then: nobody is late before
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    mailing: Mapped[Mailing] = relationship(
        foreign_keys=[mailing_id], primaryjoin=Mailing.id == mailing_id, viewonly=True
    )

    @property
    def delay(self) -> tuple[DelayKind, int, time | None]:
        """How long it waits: what it counts, how many, and until what time of day."""
        return self.delay_kind, self.delay_count, self.at_time


class Enrolment(db.Model):  # type: ignore[misc,name-defined]
    """One person's way through a series; `round` is above 0 only where it may be gone again."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("series_id", "client_id", "round"),
        ForeignKeyConstraint(["owner_id", "series_id"], ["series.owner_id", "series.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["owner_id", "client_id"], ["clients.owner_id", "clients.id"], ondelete="CASCADE"),
        CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="waits_for_a_moment"),
        CheckConstraint("state <> 'waiting' OR step_id IS NOT NULL", name="waits_for_a_step"),
        CheckConstraint("(state = 'left') = (left_reason IS NOT NULL)", name="left_has_a_reason"),
        Index(
            "uq_enrolments_one_at_a_time",
            "series_id",
            "client_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_enrolments_due", "step_id", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_enrolments_place", "series_id", "state", "step_id"),
        Index("ix_enrolments_client", "client_id"),
        Index("ix_enrolments_moved", "series_id", "moved_at", "id"),  # the page of its people
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    series_id: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[int] = mapped_column(BigInteger)
    round: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[EnrolmentState] = mapped_column(
        text_enum(EnrolmentState, "state"), default=EnrolmentState.WAITING, server_default="waiting"
    )
    step_id: Mapped[int | None] = mapped_column(ForeignKey("series_steps.id"))  # waited for, or where the person left
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    entered_by: Mapped[Entry] = mapped_column(text_enum(Entry, "entered_by"))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=text("now()"))
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=text("now()"))
    last_run_id: Mapped[int | None] = mapped_column(BigInteger)  # that has the step before
    left_reason: Mapped[LeftReason | None] = mapped_column(text_enum(LeftReason, "left_reason"))
    # Does not meet the entry rule any more: meeting it again is a new round, where there may be one.
    was_out: Mapped[bool] = mapped_column(default=False, server_default="false")

    step: Mapped[SeriesStep | None] = relationship(viewonly=True)
