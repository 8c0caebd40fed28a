"""What all connections to the test server share: its rules, its ledger, its limits and counts."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from mailer.smtp.testserver.ledger import AcceptanceLedger
from mailer.smtp.testserver.offer import Offer
from mailer.smtp.testserver.rules import Event, RuleBook, Step


class Connected(Protocol):
    """A connection, as far as the server has to know it."""

    def abort(self) -> None:
        """Close with a TCP reset, from the server's loop."""


class ServerState:
    """What a connection reads and writes of its server. For the loop's own thread, but for the counts."""

    def __init__(self, rules: RuleBook, offer: Offer, ledger: AcceptanceLedger, *, keeps_content: bool) -> None:
        self.rules = rules
        self.offer = offer
        self.ledger = ledger
        self.keeps_content = keeps_content
        self.content_count = 0  # messages of which at least one content byte has come
        self.connection_count = 0  # connections ever made
        self.trace: list[str] | None = None  # every command line, where asked for
        self.sessions: set[Connected] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._window, self._window_count = 0, 0

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the sessions, in the running loop, and keep hold of it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def limit_steps(self, event: Event, accepted_count: int) -> tuple[Step, ...] | None:
        """Return the 421 or 450 that the offer's limits ask for at this event of a connection that has handed over so
        many messages, if they do."""
        offer = self.offer
        if event is Event.GREETING and offer.connections is not None and len(self.sessions) > offer.connections:
            return Step.parse("421 4.7.0 Too many connections"), Step.parse("drop")
        if event is not Event.MAIL:
            return None
        if offer.per_connection is not None and accepted_count >= offer.per_connection:
            return Step.parse("421 4.7.0 Too many messages on this connection"), Step.parse("drop")
        if offer.per_second is not None and self._is_too_fast(offer.per_second, 1):
            return Step.parse("421 4.7.0 Too fast"), Step.parse("drop")
        if offer.per_window is not None and self._is_too_fast(*offer.per_window):
            return (Step.parse("450 4.7.1 Error: too much mail from 127.0.0.1"),)
        return None

    def _is_too_fast(self, count: int, seconds: float) -> bool:
        window = int(time.monotonic() / seconds)
        if window != self._window:
            self._window, self._window_count = window, 0
        self._window_count += 1
        return self._window_count > count
