"""What an answer turns a delivery into: pure rules, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mailer.models.delivery import DeliveryState, Reason
from mailer.models.mailing import InDoubtRule
from mailer.smtp import reply_outcomes
from mailer.smtp.delays import named_delay
from mailer.smtp.envelope import NEEDS_SMTPUTF8
from mailer.smtp.results import Outcome, Phase, Result

RETRY_AFTER = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)]
THEN_EVERY = timedelta(hours=1)
JITTER = 0.2
GIVE_UP_AFTER = timedelta(hours=72)
RESEND_AFTER = timedelta(minutes=15)

# The server went away, or spoke of us, at the very words about this recipient: perhaps it cannot bear this one.
SUSPECT_PHASES = frozenset({Phase.RCPT, Phase.DATA, Phase.CONTENT})
SUSPECT_RESTS = timedelta(seconds=15)  # the others come first
SUSPECT_AFTER = 3  # such faults


@dataclass(frozen=True, slots=True)
class RunRules:
    """What a run lays down for all its deliveries."""

    deadline: datetime  # no retry is planned at or after it
    in_doubt_rule: InDoubtRule


@dataclass(slots=True)
class DeliveryUpdate:
    """Where one delivery stands, as far as sending changes it."""

    position: int
    state: DeliveryState
    attempt_count: int
    transient_count: int
    reason: Reason | None = None
    retry_at: datetime | None = None
    suspect_count: int = 0  # tries at which the server failed at the words about this recipient

    def hold(self, until: datetime, reason: Reason) -> None:
        """Wait as before until that moment; no try is lost."""
        self.retry_at, self.reason = until, reason

    def exclude(self, reason: Reason) -> None:
        """Leave this person out, for good; a mail that may have arrived stays uncertain."""
        if self.state is DeliveryState.IN_DOUBT:
            self._end(DeliveryState.UNCERTAIN)
        else:
            self._end(DeliveryState.EXCLUDED, reason)

    def apply(
        self,
        result: Result,
        rules: RunRules,
        random: Random,
        *,
        serves_others: bool = False,
        nobody_has_it: bool = False,
    ) -> None:
        """Take in the end of one more attempt.

        `serves_others`: the server works for other recipients. `nobody_has_it`: no mail of the run was taken yet, so
        that one too large says nothing of its recipient.
        """
        self.attempt_count += 1
        match result.outcome:
            case Outcome.ACCEPTED:
                self._end(DeliveryState.ACCEPTED)
            case Outcome.PERMANENT if result.code is None and result.enhanced == NEEDS_SMTPUTF8:
                self.exclude(Reason.NO_SMTPUTF8)  # never offered: the server cannot take such an address
            case Outcome.PERMANENT if nobody_has_it and reply_outcomes.is_about_size(result):
                pass  # the run's fault, which pauses: this person goes on waiting and has lost no try
            case Outcome.PERMANENT:
                self._end(DeliveryState.REFUSED)
            case Outcome.TRANSIENT:
                self._defer(result, rules, random)
            case Outcome.IN_DOUBT:
                self._doubt(result.finished_at, rules)
            case Outcome.SERVER_FAULT if result.phase in SUSPECT_PHASES and not reply_outcomes.is_about_pace(result):
                self._suspect(result, rules, random, serves_others)
            case Outcome.ABORTED | Outcome.SERVER_FAULT:
                pass  # nobody's fault: the delivery goes on waiting and has lost no try

    def _end(self, state: DeliveryState, reason: Reason | None = None) -> None:
        """Nothing more will happen by itself. A mail that may have arrived is accepted or uncertain, never less."""
        if self.state is DeliveryState.IN_DOUBT and state is not DeliveryState.ACCEPTED:
            state, reason = DeliveryState.UNCERTAIN, None
        self.state, self.reason, self.retry_at = state, reason, None

    def _defer(self, result: Result, rules: RunRules, random: Random) -> None:
        """Come back later. A mail in doubt stays one while it is put off, lest a third copy leave."""
        delay = named_delay(result.text) or retry_delay(self.transient_count, random)
        retry_at = result.finished_at + delay
        self.transient_count += 1
        self.reason = None
        if retry_at >= rules.deadline:
            self._end(DeliveryState.REFUSED, Reason.RETRIES_RAN_OUT)
            return
        self.retry_at = retry_at
        if self.state is not DeliveryState.IN_DOUBT:
            self.state = DeliveryState.DEFERRED

    def _suspect(self, result: Result, rules: RunRules, random: Random, serves_others: bool) -> None:
        """Let the others go first; what fails again and again while they pass is this recipient's own trouble."""
        self.suspect_count += 1
        if serves_others and self.suspect_count >= SUSPECT_AFTER:
            self._defer(result, rules, random)
        else:
            self.retry_at = result.finished_at + SUSPECT_RESTS

    def _doubt(self, at: datetime, rules: RunRules) -> None:
        retry_at = at + RESEND_AFTER
        is_first = self.state not in (DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN)
        if rules.in_doubt_rule is InDoubtRule.RESEND and is_first and retry_at < rules.deadline:
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


# A run that is refused this often pauses by itself: the list or the message is not what its owner believes.
REFUSALS_COUNT_FROM = 50  # attempts
REFUSALS_AT_MOST = 0.3  # of the attempts, refused for good


# The same answer for so many, and no mail taken from us: it is not about these people. Few: the whole of a small run.
ALIKE_FROM, ALIKE_FROM_FEW = 10, 3


def is_refused_too_often(refused_count: int, attempt_count: int) -> bool:
    """Whether so many attempts were refused for good that a person should look."""
    return attempt_count >= REFUSALS_COUNT_FROM and refused_count > REFUSALS_AT_MOST * attempt_count
