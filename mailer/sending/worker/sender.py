"""One worker's turn at one run: joins the ledger, the composed message and the connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import cast

import structlog

from mailer.sending.servers.habits import Learned
from mailer.sending.worker.claims import AttemptEntry, Claim, DueDelivery, LeaseLost
from mailer.sending.worker.composer import Composer
from mailer.sending.worker.group_committer import GroupCommitter, Mark
from mailer.sending.worker.hearing import Hearing
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.slice_feeder import SliceFeeder
from mailer.sending.worker.work import SliceInWork, TimeBudget, TurnReport, Work
from mailer.smtp.breaker import BreakerState
from mailer.smtp.pool import Pool
from mailer.smtp.reply_outcomes import is_about_size
from mailer.smtp.results import Outcome, Phase, Result
from mailer.smtp.source import Email
from mailer.smtp.transport import Transport

log = structlog.get_logger()

SLICES_AHEAD = 2
LOOK_EVERY = 0.05  # seconds: how long after its moment something that is due is done at the latest
LAST_CLAIM_EVERY = 0.005  # seconds between looks whether a claim still asked for has come
SETTLE_EVERY = 1.0  # seconds: how fresh the figures of a page are while a slice is in work
DATED_EVERY = 15.0  # seconds: how old the Date of a mail may be when it is handed over
NEVER_TRIED = frozenset({Phase.IDLE, Phase.CONNECT})


class Sender:
    """The `EmailSource` of a pool. Everything but the slice feeder's work happens in the event loop."""

    _loop: asyncio.AbstractEventLoop  # these two from `run` on
    _feeder: SliceFeeder

    def __init__(
        self,
        work: Work,
        transport: Transport,
        committer: GroupCommitter,
        ledger: Ledger,
        *,
        turn: TimeBudget,
        random: Random,
        now: Callable[[], datetime],
        is_probe: bool = False,
        pace: float | None = None,
    ) -> None:
        self._work = work
        self._composer = Composer(work, self._leave_out, self._ask_for_claims)
        self._random = random
        self._turn = turn
        self._renew_every = ledger.lease_seconds / 3
        self._committer, self._ledger = committer, ledger
        self._now = now
        self._pool = Pool(transport, self, is_probe=is_probe, pace=pace, now=now)
        self._laid_down = transport.rate
        self._slices: dict[int, SliceInWork] = {}
        self._claims_asked = 0
        self._has_more = True
        self._is_ending = False
        self._may_send = True
        self._has_shown_refusals = False
        self._hearing = Hearing(lambda address, words: self._feeder.hear(address, words))
        self._has_begun = asyncio.Event()
        self._has_told_of_riding = not transport.rides_behind_dot
        self.report = TurnReport()

    # -- the turn ----------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event | None = None) -> TurnReport:
        """Send for the length of the turn, until `stop` is set, until the work runs out or the server fails."""
        self._loop = asyncio.get_running_loop()
        self._feeder = SliceFeeder(
            self._ledger, self._work, self._random, self._now, claimed=self._claimed, failed=self._give_up,
            forbid_riding=None if self._has_told_of_riding else self._pool.forbid_riding,
        )  # fmt: skip
        self._committer.start(self._committed, self._give_up, self._composer.compose_ahead)
        self._feeder.start()
        self._ask_for_claims()
        watch = asyncio.ensure_future(self._watch(stop))
        try:
            await self._has_begun.wait()  # no connection without a mail in hand
            if self.waiting_count:
                await self._pool.run()
            watch.cancel()
            self.report.learned = self._learned()
            await self._hand_back()
        finally:
            watch.cancel()
            self._committer.stop()
            self._feeder.end()
        return self.report

    def _learned(self) -> Learned:
        rate = self._pool.pacing.rate
        pace = None if rate == self._laid_down else rate
        return Learned(pace, self._pool.refuses_riding, self._pool.features)

    async def _watch(self, stop: asyncio.Event | None) -> None:
        """End the turn when it is time; settle and renew the leases as long as anything is held."""
        turn_ends = asyncio.ensure_future(self._turn.pass_by())
        try:
            await self._watch_until(turn_ends, stop)
        finally:
            turn_ends.cancel()

    async def _watch_until(self, turn_ends: asyncio.Future[None], stop: asyncio.Event | None) -> None:
        settle_at = self._loop.time() + SETTLE_EVERY
        renew_at = self._loop.time() + self._renew_every
        date_at = self._loop.time() + DATED_EVERY
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = self._loop.time()
            if now >= date_at:
                date_at = now + DATED_EVERY
                self._composer.date_anew(self._now())
            self._committer.look()
            if self._pool.refuses_riding and not self._has_told_of_riding:
                self._has_told_of_riding = True
                self._feeder.tell_of_riding()
            if stop is not None and stop.is_set():
                stop, self.report.is_told_to_go = None, True
                self._end(self._pool.release)
            else:
                self._end_when_due(turn_ends.done())
            must_renew = now >= renew_at
            if now >= settle_at or must_renew or self._must_show_refusals():
                settle_at = now + SETTLE_EVERY
                renew_at = now + self._renew_every if must_renew else renew_at
                for slice_ in list(self._slices.values()):
                    self._settle(slice_, release=False, renew=must_renew)

    def _must_show_refusals(self) -> bool:
        """Once a turn, as soon as it sees too many refusals: the run may have to pause before a second is over."""
        if self._has_shown_refusals or not self.report.has_too_many_refused:
            return False
        self._has_shown_refusals = True
        return True

    def _end_when_due(self, is_late: bool = False) -> None:
        if self._is_ending:
            return
        if self._pool.breaker.state is BreakerState.OPEN:
            self.report.fault = self._pool.breaker.last_fault
            self._end(self._pool.finish)
        elif is_late or not self._may_send or not (self._has_more or self._slices):
            self._end(self._pool.finish)

    def _end(self, how: Callable[[], object]) -> None:
        self._is_ending = True
        self._has_begun.set()
        self._composer.clear()
        how()

    async def _hand_back(self) -> None:
        """Settle and release every slice still held, those that were claimed but not begun too."""
        await self._committer.end()  # every result of the pool is written now
        while self._claims_asked and self._feeder.is_alive():
            await asyncio.sleep(LAST_CLAIM_EVERY)
        if self.report.is_too_large:  # before anybody else can claim what is given back
            self._feeder.pause_for_size()
        for slice_ in list(self._slices.values()):
            self._settle(slice_, release=True)
        self._feeder.end()
        await asyncio.sleep(0)

    # -- EmailSource: what the pool asks -------------------------------------------------------------------------------

    def next_email(self) -> Email | None:
        """The next mail; people who turn out not to be mailable are left out on the way."""
        return self._composer.next_email()

    @property
    def waiting_count(self) -> int:
        """Those claimed whom no connection has taken yet."""
        return self._composer.waiting_count

    def _leave_out(self, claim: Claim, person: DueDelivery) -> None:
        self._note(self._slices[claim.slice_id], person)

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        """Put the question into the next group commit."""
        slice_id, position = cast(tuple[int, int], email.key)
        self._committer.put(Mark(self._slices[slice_id].claim, position, answer))

    def record(self, result: Result) -> None:
        """Put the result into the next group commit; a mail that was never tried just goes back."""
        slice_id, position = cast(tuple[int, int], result.key)
        slice_ = self._slices.get(slice_id)
        if slice_ is None:  # given up: the lease will run out, and the flags say what is in doubt
            return
        if result.outcome is Outcome.ABORTED and result.phase in NEVER_TRIED:
            slice_.claim.left_count -= 1
            self._release_when_done(slice_)
            return
        number = slice_.claim.people[position].progress.attempt_count + 1
        self._committer.put(AttemptEntry(slice_.claim, position, number, result))
        if self._nobody_has_it and is_about_size(result):
            self._stop_for_size()

    @property
    def _nobody_has_it(self) -> bool:
        return self._work.nobody_has_it and not self.report.accepted_count

    def _stop_for_size(self) -> None:
        """What is too large for one is too large for all: nobody else is offered it before a person has looked."""
        self.report.is_too_large = True
        if not self._is_ending:  # later: we are amid the work of one of the pool's connections
            self._end(lambda: self._loop.call_soon(self._pool.finish))

    # -- what committer and feeder give back ---------------------------------------------------------------------------

    def _committed(self, answers: list[tuple[Mark, bool]], entries: list[AttemptEntry]) -> None:
        for mark, may_send in answers:
            mark.answer(may_send)
            if not may_send:  # paused, stopped or over: give everything back
                self._may_send = self._has_more = False
                self._composer.clear()
        self._recorded(entries)

    def _claimed(self, claim: Claim | None) -> None:
        self._claims_asked -= 1
        if claim is None:
            self._has_more = False
            self._has_begun.set()
            self._end_when_due()  # and not at the next look: small runs come by the hundred
            return
        slice_ = self._slices[claim.slice_id] = SliceInWork(claim)
        for position, person in claim.people.items():
            if person.progress.state.is_final or not person.is_settled:
                self._note(slice_, person)
            elif not self._is_ending:
                self._composer.add(claim, position)
        if self.waiting_count or self._is_ending:
            self._has_begun.set()
        self._release_when_done(slice_)
        self._pool.wake()

    def _recorded(self, entries: list[AttemptEntry]) -> None:
        for entry in entries:
            slice_ = self._slices.get(entry.claim.slice_id)
            if slice_ is None:
                continue
            person = entry.claim.people[entry.position]
            result = entry.result
            serves_others = self.report.is_server_sound or self._work.server_was_sound
            person.progress.apply(
                result, self._work.rules, self._random, serves_others=serves_others, nobody_has_it=self._nobody_has_it
            )
            self.report.count(result)
            self._hearing.note(person.email, result)
            self._note(slice_, person)

    def _note(self, slice_: SliceInWork, person: DueDelivery) -> None:
        """One person of the slice is done with for now."""
        slice_.unsettled.append(person)
        slice_.claim.left_count -= 1
        self._release_when_done(slice_)

    def _release_when_done(self, slice_: SliceInWork) -> None:
        if slice_.claim.left_count <= 0 and slice_.claim.slice_id in self._slices:
            self._settle(slice_, release=True)

    def _settle(self, slice_: SliceInWork, *, release: bool, renew: bool = False) -> None:
        """Have the feeder write what is known of the slice; that renews the lease, or gives it back."""
        progress = [person.progress for person in slice_.unsettled]
        if release:
            del self._slices[slice_.claim.slice_id]
        elif not (progress or renew):
            return
        slice_.unsettled = []
        self._feeder.settle(slice_.claim, progress, release=release)
        if release:
            self._ask_for_claims()
            self._loop.call_soon(self._end_when_due)

    def _ask_for_claims(self) -> None:
        while self._has_more and not self._is_ending and len(self._slices) + self._claims_asked < SLICES_AHEAD:
            self._claims_asked += 1
            self._feeder.ask_for_claim()

    def _give_up(self, error: BaseException) -> None:
        """Committer or feeder is gone: let go of everything at once, leaving the leases to run out."""
        self.report.is_lease_lost = isinstance(error, LeaseLost)
        if not self.report.is_lease_lost:
            log.error("the ledger failed", run=self._work.run_id, error=repr(error))
        self._slices.clear()
        self._has_more = False
        self._end(self._pool.drop)
