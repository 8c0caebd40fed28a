"""What an answer turns a delivery into: pure rules, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mailer.models.delivery import DeliveryState, Reason
from mailer.models.mailing import InDoubtRule
from mailer.smtp.results import Outcome

RETRY_AFTER = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)]
THEN_EVERY = timedelta(hours=1)
JITTER = 0.2
GIVE_UP_AFTER = timedelta(hours=72)
RESEND_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RunRules:
    """What a run lays down for all its deliveries."""

    deadline: datetime  # no retry is planned at or after it
    in_doubt_rule: InDoubtRule


@dataclass(slots=True)
class Progress:
    """Where one delivery stands, as far as sending changes it."""

    position: int
    state: DeliveryState
    attempt_count: int
    transient_count: int
    reason: Reason | None = None
    retry_at: datetime | None = None

    def exclude(self, reason: Reason) -> None:
        """Leave this person out, for good."""
        self.state, self.reason, self.retry_at = DeliveryState.EXCLUDED, reason, None

    def apply(self, outcome: Outcome, at: datetime, rules: RunRules, random: Random) -> None:
        """Take in the end of one more attempt, which ended at `at`."""
        self.attempt_count += 1
        match outcome:
            case Outcome.ACCEPTED:
                self._end(DeliveryState.ACCEPTED)
            case Outcome.PERMANENT:
                self._end(DeliveryState.REFUSED)
            case Outcome.TRANSIENT:
                self._defer(at, rules, random)
            case Outcome.IN_DOUBT:
                self._doubt(at, rules)
            case Outcome.ABORTED | Outcome.SERVER_FAULT:
                pass  # nobody's fault: the delivery goes on waiting and has lost no try

    def _end(self, state: DeliveryState, reason: Reason | None = None) -> None:
        self.state, self.reason, self.retry_at = state, reason, None

    def _defer(self, at: datetime, rules: RunRules, random: Random) -> None:
        retry_at = at + retry_delay(self.transient_count, random)
        self.transient_count += 1
        if retry_at >= rules.deadline:
            self._end(DeliveryState.REFUSED, Reason.RETRIES_RAN_OUT)
        else:
            self.state, self.retry_at = DeliveryState.DEFERRED, retry_at

    def _doubt(self, at: datetime, rules: RunRules) -> None:
        was_resent = self.state is DeliveryState.IN_DOUBT
        retry_at = at + RESEND_AFTER
        if rules.in_doubt_rule is InDoubtRule.RESEND and not was_resent and retry_at < rules.deadline:
            self.state, self.retry_at = DeliveryState.IN_DOUBT, retry_at
        else:
            self._end(DeliveryState.UNCERTAIN)


def retry_delay(earlier_count: int, random: Random) -> timedelta:
    """How long to wait after a transient answer: 1, 5, 15, 30 min by how many came before, then hourly ±20 %."""
    if earlier_count < len(RETRY_AFTER):
        return RETRY_AFTER[earlier_count]
    return THEN_EVERY * random.uniform(1 - JITTER, 1 + JITTER)


def deadline(planned_at: datetime, ends_at: datetime | None) -> datetime:
    """The end of the run's retries: its end date, at most 72 hours after its planned start."""
    latest = planned_at + GIVE_UP_AFTER
    return min(latest, ends_at) if ends_at is not None else latest
