"""What a worker is given for one turn at a run, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mailer.bounces.tokens import ReturnPath
from mailer.composing.dkim import Signer
from mailer.composing.email import CompiledEmail, Recipient
from mailer.sending.servers.habits import Learned
from mailer.sending.worker.claims import Claim, DueDelivery
from mailer.sending.worker.delivery_rules import ALIKE_FROM, RunRules, is_refused_too_often
from mailer.smtp.results import Fault, Outcome, Result


@dataclass(frozen=True, slots=True)
class Work:
    """What a run sends."""

    run_id: int
    compiled: CompiledEmail
    rules: RunRules
    # position, address, values and token -> what the mail is made of
    recipient_of: Callable[[int, str, dict[str, str], str | None], Recipient]
    signers: Sequence[Signer] = ()  # for DKIM
    server_was_sound: bool = False  # of late, for anybody
    server: str = ""  # what the mail server is called in the database
    return_path: ReturnPath | None = None  # None: everything comes back to the transport's sender
    token_header: Callable[[str], str] | None = None  # of the provider, whose server puts a return path of its own
    from_domain: str = ""  # what receivers know the sender by
    nobody_has_it: bool = False  # no mail of the run was taken yet, and its owner has not said "all the same"


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """How long a turn lasts: `seconds`, then for as long as nobody else waits for the worker, `at_most` in all."""

    seconds: float
    at_most: float
    others_wait: Callable[[], bool]  # asked in a thread, once a second

    async def pass_by(self) -> None:
        """Return when the turn is over."""
        clock = asyncio.get_running_loop().time
        latest = clock() + self.at_most
        await asyncio.sleep(self.seconds)
        while clock() < latest and not await asyncio.to_thread(self.others_wait):
            await asyncio.sleep(min(1.0, max(0.0, latest - clock())))

    def not_beyond(self, limit: float) -> TimeBudget:
        """The same turn, ended after `limit` seconds."""
        return replace(self, seconds=min(limit, self.seconds), at_most=min(limit, self.at_most))


@dataclass(slots=True)
class TurnReport:
    """What came of the turn."""

    accepted_count: int = 0
    attempt_count: int = 0
    refused_count: int = 0  # for good
    is_server_sound: bool = False  # it has judged a mail in good order
    fault: Fault | None = None  # the server was out of order, and the turn ended early
    is_lease_lost: bool = False
    is_told_to_go: bool = False  # `stop` was set
    is_too_large: bool = False  # a mail of the run, for the server, and nobody had got one
    learned: Learned = field(default_factory=Learned)  # of the server

    def count(self, result: Result) -> None:
        """Add what came of one attempt."""
        self.attempt_count += 1
        self.accepted_count += result.outcome is Outcome.ACCEPTED
        self.refused_count += result.outcome is Outcome.PERMANENT
        self.is_server_sound |= result.shows_a_sound_server

    @property
    def has_too_many_refused(self) -> bool:
        """Whether so many were refused that the run may have to pause."""
        is_everybody = self.refused_count == self.attempt_count >= ALIKE_FROM
        return is_everybody or is_refused_too_often(self.refused_count, self.attempt_count)


@dataclass(slots=True)
class SliceInWork:
    """A claimed slice, and those of its people whose state is not written yet."""

    claim: Claim
    unsettled: list[DueDelivery] = field(default_factory=list)
