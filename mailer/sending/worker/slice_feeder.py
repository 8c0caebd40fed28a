"""What a turn asks of the database beside its marks: slices claimed ahead and settled behind, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

import structlog

from mailer.models.delivery import DeliveryState
from mailer.sending.worker.claims import Claim
from mailer.sending.worker.database_thread import DatabaseThread
from mailer.sending.worker.delivery_rules import DeliveryUpdate
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.recovery import recover
from mailer.sending.worker.work import Work

log = structlog.get_logger()


class SliceFeeder:
    """Made in the event loop; `claimed`, `failed` and `forbid_riding` are called there, all else in the thread."""

    def __init__(
        self,
        ledger: Ledger,
        work: Work,
        random: Random,
        now: Callable[[], datetime],
        *,
        claimed: Callable[[Claim | None], None],
        failed: Callable[[BaseException], None],
        forbid_riding: Callable[[], None] | None,  # None: it is known already
    ) -> None:
        self._ledger, self._work = ledger, work
        self._random, self._now = random, now
        self._loop = asyncio.get_running_loop()
        self._claimed, self._failed, self._forbid_riding = claimed, failed, forbid_riding
        self._has_claimed = False  # else what others have learned was read a moment ago
        self._thread = DatabaseThread("feeder", self._do, self._tell_of_failure)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def end(self) -> None:
        """Finish what was asked before, then end; waits for that."""
        self._thread.end()

    def is_alive(self) -> bool:
        """Whether answers can still come."""
        return self._thread.is_alive()

    def ask_for_claim(self) -> None:
        """Lease a slice and hand it to `claimed`; None when nothing is due."""
        self._thread.put(("claim",))

    def settle(self, claim: Claim, progress: list[DeliveryUpdate], *, release: bool) -> None:
        """Write what is known of the slice; that renews the lease, or gives it back."""
        self._thread.put(("settle", claim, progress, release))

    def tell_of_riding(self) -> None:
        """The server bears no envelope behind a final dot: write it down for the workers at it now."""
        self._thread.put(("riding",))

    def hear(self, address: str, words: str) -> None:
        """A provider gets too much: write it down for all workers, from their next slices on."""
        self._thread.put(("hear", address, words))

    def pause_for_size(self) -> None:
        """Pause the run, whose mails are too large for the server, unless somebody got one meanwhile."""
        self._thread.put(("size",))

    # -- in the thread -------------------------------------------------------------------------------------------------

    def _do(self, batch: list[tuple[Any, ...]]) -> None:
        for kind, *arguments in batch:
            if kind == "settle":
                claim, progress, release = arguments
                self._ledger.settle(claim, progress, release=release)
                self._look_at_refusals(progress)
            elif kind == "size":
                if self._ledger.pause_for_size():
                    log.warning("mails too large for the server: run paused", run=self._work.run_id)
            elif kind == "hear":
                self._ledger.hear(*arguments)
            elif kind == "riding":
                self._ledger.note_no_riding(self._work.server)
            else:
                self._loop.call_soon_threadsafe(self._claimed, self._claim())

    def _look_at_refusals(self, progress: list[DeliveryUpdate]) -> None:
        if any(each.state is DeliveryState.REFUSED for each in progress) and self._ledger.pause_if_refused():
            log.warning("too many refusals: run paused", run=self._work.run_id)

    def _claim(self) -> Claim | None:
        """Lease a slice; first write down what a dead holder of it left, and hear what others learned meanwhile."""
        if self._forbid_riding and self._has_claimed and self._ledger.knows_no_riding(self._work.server):
            self._loop.call_soon_threadsafe(self._forbid_riding)
            self._forbid_riding = None
        self._has_claimed = True
        found = self._ledger.claim()
        if found is None:
            return None
        claim, doubts = found
        recover(self._ledger, claim, doubts, self._work.rules, self._random, self._now())
        return claim

    def _tell_of_failure(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._failed, error)
