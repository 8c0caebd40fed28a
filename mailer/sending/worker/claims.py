"""What a worker holds while it sends: a leased slice, its people, and attempts about to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from mailer.sending.worker.delivery_rules import DeliveryUpdate
from mailer.smtp.results import Result


@dataclass(slots=True)
class DueDelivery:
    """One due delivery of a claimed slice with what the mail is made of."""

    progress: DeliveryUpdate
    email: str
    values: dict[str, str]
    token: str | None  # of the unsubscribe link
    is_settled: bool = True  # the row in the database says what `progress` says
    has_moment: bool = False  # was held for a provider's pace until now, and goes without asking again
    place: str | None = None  # whose place of a warm-up's day is in hand for this mail


MARKED, UNMARKED = b"10"


@dataclass(slots=True)
class Claim:
    """A slice under this worker's lease."""

    slice_id: int
    token: str
    first_position: int
    people: dict[int, DueDelivery]
    flags: bytearray  # '0' or '1' per position; what `mark_and_record` writes
    left_count: int = field(default=0)  # people whose result is not written yet
    was_left: bool = False  # a former holder died amid it: some of its attempts may not be settled

    def set_flag(self, position: int, is_marked: bool) -> None:
        """Note that the content of this position's mail may be on its way, or that its end is known."""
        self.flags[position - self.first_position] = MARKED if is_marked else UNMARKED


class AttemptEntry(NamedTuple):
    """An attempt about to be written."""

    claim: Claim
    position: int
    number: int
    result: Result


class LeaseLost(Exception):
    """Somebody else has taken the slice over; nothing was written."""
