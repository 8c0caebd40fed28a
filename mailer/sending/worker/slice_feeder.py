"""What a stretch asks of the database beside its marks: slices claimed ahead and settled behind, in a thread."""

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
    """Made in the event loop; `claimed` and `failed` are called there, everything else happens in the thread."""

    def __init__(
        self,
        ledger: Ledger,
        work: Work,
        random: Random,
        now: Callable[[], datetime],
        *,
        claimed: Callable[[Claim | None], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._ledger, self._work = ledger, work
        self._random, self._now = random, now
        self._loop = asyncio.get_running_loop()
        self._claimed, self._failed = claimed, failed
        self._thread = DatabaseThread("clerk", self._do, self._tell_of_failure)

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

    # -- in the thread -------------------------------------------------------------------------------------------------

    def _do(self, batch: list[tuple[Any, ...]]) -> None:
        for kind, *arguments in batch:
            if kind == "settle":
                claim, progress, release = arguments
                self._ledger.settle(claim, progress, release=release)
                self._look_at_refusals(progress)
            else:
                self._loop.call_soon_threadsafe(self._claimed, self._claim())

    def _look_at_refusals(self, progress: list[DeliveryUpdate]) -> None:
        if any(each.state is DeliveryState.REFUSED for each in progress) and self._ledger.pause_if_refused():
            log.warning("too many refusals: run paused", run=self._work.run_id)

    def _claim(self) -> Claim | None:
        """Lease a slice; first write down what a dead holder of it left."""
        found = self._ledger.claim()
        if found is None:
            return None
        claim, doubts = found
        recover(self._ledger, claim, doubts, self._work.rules, self._random, self._now())
        return claim

    def _tell_of_failure(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._failed, error)
