"""One occurrence of a mailing."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.reaction import OPEN
from mailer.models.types import MAX_RESPONSE, Id, UTCDateTime, text_enum


class RunState(StrEnum):
    """Where a run stands; the final states are its verdict."""

    PLANNED = "planned"
    SENDING = "sending"
    WAITING_FOR_SERVER = "waiting_for_server"
    WAITING_FOR_WINDOW = "waiting_for_window"
    PAUSED = "paused"
    COMPLETE = "complete"
    COMPLETE_WITH_REFUSALS = "complete_with_refusals"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"
    EXPIRED = "expired"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """Whether the run is closed."""
        return self in FINAL_RUN_STATES

    @property
    def is_sending(self) -> bool:
        """Whether mails may leave: a server that is away is tried again."""
        return self in SENDING_STATES


SENDING_STATES = frozenset({RunState.SENDING, RunState.WAITING_FOR_SERVER})
FINAL_RUN_STATES = frozenset(
    {
        RunState.COMPLETE,
        RunState.COMPLETE_WITH_REFUSALS,
        RunState.INCOMPLETE,
        RunState.STOPPED,
        RunState.EXPIRED,
        RunState.SKIPPED,
    }
)


class StopReason(StrEnum):
    """Why the rest of a run, or all of it, will not be sent."""

    OWNER = "owner"
    DISABLED = "disabled"
    BLOCKED = "blocked"
    DELETED = "deleted"
    ENDED = "ended"
    OVERLAP = "overlap"  # skipped: the run before was still going
    NOBODY = "nobody"  # skipped: there was nobody to send to
    MISSED = "missed"  # skipped: the service was down at that moment, and back too late for the mailing's rule
    LIMIT = "limit"  # skipped: more than the owner may send in a day
    UNAPPROVED = "unapproved"  # skipped: no manager approved the mailing as it stands
    SEGMENT = "segment"  # skipped: a segment of its audience cannot be used
    HELD = "brake"  # skipped: paused, switched off, blocked or held back at that moment, and not made good
    CHANGED = "changed"  # skipped: the calendar was changed after that moment, and before it began
    MANAGER = "manager"  # this run only; `stop_note` says why
    NO_CATCHER = "no_catcher"  # a sample account's, and there is no mail catcher


class PauseReason(StrEnum):
    """Why a run paused by itself; a pause of the owner's has none."""

    REFUSALS = "refusals"  # too many mails were refused for good
    BOUNCES = "bounces"  # too many of the first mails came back
    RESTORED = "restored"  # it was open in the copy that these data come from, and may have gone on elsewhere since


PICTURES_AWAY = "Storage of pictures: "  # begins `last_fault` where it is not the mail server's
LINK_CODE_LENGTH = 8
COUNTERS = ("accepted", "refused", "excluded", "stopped", "uncertain", "waiting")
_FINAL = ", ".join(f"'{state}'" for state in sorted(FINAL_RUN_STATES))


class Run(db.Model):  # type: ignore[misc,name-defined]
    """One occurrence: what was to be sent (a snapshot), and counters that equal the deliveries.

    The counters are kept by triggers on `deliveries` and `attempts`; the checks below make a verdict over a gap
    impossible.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("mailing_id", "occurrence"),
        ForeignKeyConstraint(["owner_id", "mailing_id"], ["mailings.owner_id", "mailings.id"]),
        CheckConstraint("planned_count = " + " + ".join(f"{name}_count" for name in COUNTERS), name="it_adds_up"),
        CheckConstraint(" AND ".join(f"{name}_count >= 0" for name in COUNTERS), name="counts_are_not_negative"),
        CheckConstraint(f"(state IN ({_FINAL})) = (closed_at IS NOT NULL)", name="final_is_closed"),
        CheckConstraint("closed_at IS NULL OR waiting_count = 0", name="closed_leaves_nobody_waiting"),
        CheckConstraint(
            "bounced_count >= 0 AND complained_count >= 0 AND bounced_count + complained_count <= accepted_count",
            name="only_accepted_ones_come_back",
        ),
        CheckConstraint("unlisted_count >= 0", name="unlisted_is_not_negative"),
        CheckConstraint("closed_at IS NULL OR unlisted_count = 0", name="closed_leaves_nobody_unlisted"),
        CheckConstraint(
            "state <> 'complete' OR refused_count + stopped_count + uncertain_count = 0",
            name="complete_hides_nothing",
        ),
        CheckConstraint(
            "state <> 'complete_with_refusals' OR stopped_count + uncertain_count = 0",
            name="refusals_hide_nothing",
        ),
        Index("ix_runs_mailing_planned", "mailing_id", "planned_at"),
        Index("ix_runs_owner_planned", "owner_id", "planned_at"),
        Index("ix_runs_open", "id", postgresql_where=text("closed_at IS NULL")),
        Index(
            "ix_runs_to_tally",
            "id",
            postgresql_where=text("closed_at IS NOT NULL AND tallied_at IS DISTINCT FROM closed_at"),
        ),
        Index(
            "ix_runs_to_count_domains",
            "id",
            postgresql_where=text("closed_at IS NOT NULL AND domains_counted_at IS DISTINCT FROM closed_at"),
        ),
        Index("ix_runs_tracked", "closed_at", postgresql_where=text("is_tracked AND reactions_ended_at IS NULL")),
        CheckConstraint("sent_count >= 0", name="sent_is_not_negative"),
        CheckConstraint("unsubscribed_count >= 0", name="unsubscribed_is_not_negative"),
        Index(
            "ix_runs_missed_in_silence",
            "mailing_id",
            postgresql_where=text("stop_reason = 'missed' AND alarmed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    mailing_id: Mapped[int] = mapped_column(BigInteger)
    occurrence: Mapped[str] = mapped_column(String(64))  # the planned moment in UTC, or `manual:<form token>`
    token: Mapped[uuid.UUID] = mapped_column(UUID, default=uuid.uuid4)  # the fixed half of every Message-ID
    state: Mapped[RunState] = mapped_column(text_enum(RunState, "state"), default=RunState.PLANNED)
    stop_reason: Mapped[StopReason | None] = mapped_column(text_enum(StopReason, "stop_reason"))
    stop_note: Mapped[str | None] = mapped_column(String(500))  # the manager's words for the owner
    pause_reason: Mapped[PauseReason | None] = mapped_column(text_enum(PauseReason, "pause_reason"))
    # the owner let it go on in spite of the refusals: it does not pause for them again
    tolerates_refusals: Mapped[bool] = mapped_column(default=False, server_default="false")
    tolerates_bounces: Mapped[bool] = mapped_column(default=False, server_default="false")  # likewise
    is_approved: Mapped[bool] = mapped_column(default=False, server_default="false")  # a manager said yes to it
    # subject, text, html, from_name, reply_to, language: as they were when the run was planned
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # the segments its people were chosen by, as they said when the list was made; None without any
    audience: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    planned_at: Mapped[datetime] = mapped_column(UTCDateTime)  # when it should start
    # when it could start at the earliest: a calendar saved after its moment, and the sending hours, come later
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # of a run in waves: the time at which each client's wave begins, on the clock of their zone
    wave_local: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # no attempt starts at or after this
    # the present (or next) opening of the sending hours: no attempt starts outside it; both NULL where there are none
    window_opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    window_closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when its first hand-over was begun
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reopened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the owner's last "retry" or "resend"
    alarmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when it was said to be late, or left out
    last_fault: Mapped[str | None] = mapped_column(
        String(MAX_RESPONSE)
    )  # what the mail server said last, when it was at fault
    last_fault_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # chosen, and still without a delivery: above 0 as long as the list is being made
    unlisted_count: Mapped[int] = mapped_column(default=0, server_default="0")
    planned_count: Mapped[int] = mapped_column(default=0, server_default="0")
    waiting_count: Mapped[int] = mapped_column(default=0, server_default="0")
    accepted_count: Mapped[int] = mapped_column(default=0, server_default="0")
    refused_count: Mapped[int] = mapped_column(default=0, server_default="0")
    excluded_count: Mapped[int] = mapped_column(default=0, server_default="0")
    stopped_count: Mapped[int] = mapped_column(default=0, server_default="0")
    uncertain_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # of the accepted ones: mails that came back, and people who called theirs spam
    bounced_count: Mapped[int] = mapped_column(default=0, server_default="0")
    complained_count: Mapped[int] = mapped_column(default=0, server_default="0")
    successful_attempt_count: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_attempt_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # texts handed to the mail server, whatever it then said: refused after the text, and unanswered ones too
    sent_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # people who left by the link of this run's mail, and have not come back
    unsubscribed_count: Mapped[int] = mapped_column(default=0, server_default="0")
    is_tracked: Mapped[bool] = mapped_column(
        default=False, server_default="false"
    )  # `tracking` of the snapshot says how
    # people, no machines, who followed a link, and who opened it or did
    clicked_count: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # when who did it was forgotten: the figures stay, and nothing is added to them any more
    reactions_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tallied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the `closed_at` that its tallies belong to
    domains_counted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # likewise, of its `domain_days`

    mailing: Mapped[Mailing] = relationship(
        foreign_keys=[mailing_id], primaryjoin=Mailing.id == mailing_id, viewonly=True
    )

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop, and what is being handed over has not come back yet."""
        return self.closed_at is None and self.stop_reason is not None

    @property
    def standing(self) -> str:
        """What a reader is told: the state, `stopping` from the order on, or `waiting_for_pictures`."""
        if self.is_stopping:
            return "stopping"
        return "waiting_for_pictures" if self.waits_for_pictures else self.state.value

    @property
    def waits_for_pictures(self) -> bool:
        """Whether it is not the mail server that is away, but the storage of the pictures that travel inside."""
        return self.state is RunState.WAITING_FOR_SERVER and (self.last_fault or "").startswith(PICTURES_AWAY)

    @property
    def came_back_count(self) -> int:
        """How many of the accepted ones came back in any way."""
        return self.bounced_count + self.complained_count

    @property
    def counts(self) -> dict[str, int]:
        """The six figures that `planned_count` is the sum of."""
        return {name: getattr(self, f"{name}_count") for name in COUNTERS}

    @property
    def link_code(self) -> str:
        """What an unsubscribe link carries to say which run it came with: enough to tell one client's runs apart."""
        return self.token.hex[:LINK_CODE_LENGTH]

    def link_address(self, link: int) -> str | None:
        """Where that link of its mails leads, the first being 1; None for the pixel."""
        return str(self.snapshot["tracking"]["links"][link - 1]) if link != OPEN else None

    @property
    def late_by(self) -> timedelta | None:
        """How long after it could start the first hand-over was begun; None before that.

        A calendar saved after its moment, and sending hours, make a run start later than planned, and not late.
        """
        if self.started_at is None:
            return None
        return max(self.started_at - (self.due_at or self.planned_at), timedelta(0))

    @property
    def chosen_count(self) -> int:
        """Everybody the run is meant for, whether on its list already or not."""
        return self.planned_count + self.unlisted_count
