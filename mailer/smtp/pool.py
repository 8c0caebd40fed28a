"""The connections to one mail server: opened as work comes, held back when the server asks, let go in order."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from mailer.smtp.breaker import Breaker, BreakerState
from mailer.smtp.connection import Connection
from mailer.smtp.envelope import Features
from mailer.smtp.pacing import Pacing
from mailer.smtp.results import Fault, Outcome, Phase, Result
from mailer.smtp.source import Email, EmailSource
from mailer.smtp.transport import Security, Transport

BROKEN_OFF_AT_MOST = 2
PATIENCE = 2.5  # times the wait for a probe: how long a silence may last before it is an outage
_utcnow = partial(datetime.now, UTC)


class Pool:
    """`await run()` in the loop where everything happens; the other methods belong to that loop's thread too."""

    _loop: asyncio.AbstractEventLoop  # from `run` on

    def __init__(
        self,
        transport: Transport,
        source: EmailSource,
        *,
        connections: int | None = None,
        is_probe: bool = False,
        pace: float | None = None,
        now: Callable[[], datetime] = _utcnow,
    ) -> None:
        self._transport = transport
        self._source = source
        self.now = now  # aware: what results are dated by
        self._context = None if transport.security is Security.NONE else transport.tls_context()
        self.breaker = Breaker(transport.probe_after, transport.probe_at_most)
        patience = PATIENCE * transport.probe_after
        self.pacing = Pacing(
            connections or transport.connections, transport.rate, transport.creep, pace=pace, patience=patience
        )
        self.features: Features | None = None  # what the server has offered last
        self.refuses_riding = not transport.rides_behind_dot  # an envelope behind a final dot
        if is_probe:  # the server was out of order: one connection, one email, then one connection more per success
            self.breaker.state = BreakerState.PROBING
            self.pacing.restart()
        self._connections: set[Connection] = set()
        self._leaving: set[Connection] = set()  # QUIT said
        self._in_hand_count = 0
        self._has_worked_lately = False  # since the breaker opened or the pace was last brought down
        self._broken_off_count = 0  # conversations in a row, each at the words about its recipient
        self._paced_at = 0.0  # when the pace will be asked again
        self._is_closing = False
        self._changed = asyncio.Event()
        self._error: Exception | None = None

    # -- what the owner says -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until told to finish. An error raised by the source drops everything and is raised here."""
        self._loop = asyncio.get_running_loop()
        tick = self._tick_seconds()
        try:
            while not (self._is_closing and not self._connections | self._leaving):
                self._changed.clear()
                self._look_around()
                await self._pause(tick)
                if self._error is not None:
                    raise self._error
        except Exception:
            self._close(Connection.abandon)
            raise
        finally:
            self.drop()

    def wake(self) -> None:
        """There are emails again."""
        self._notice()

    def finish(self) -> None:
        """Take no more emails, finish those in hand, say QUIT; then `run` returns."""
        self._close(Connection.finish)

    def release(self) -> None:
        """SIGTERM: let go of what is before the mark, wait for the answer to what is past it; then `run` returns."""
        self._close(Connection.release)

    def drop(self) -> None:
        """Let go of everything at once: before the mark aborted, after it in doubt."""
        self._close(Connection.drop)
        for connection in list(self._leaving):
            connection.drop()

    @property
    def connection_count(self) -> int:
        """How many connections are open or being opened."""
        return len(self._connections)

    # -- ConnectionOwner: what the connections ask ---------------------------------------------------------------------

    def take(self) -> Email | None:
        """Give an email to a connection, if breaker, pace and source allow."""
        state = self.breaker.state
        if self._is_closing or state is BreakerState.OPEN or (state is BreakerState.PROBING and self._in_hand_count):
            return None
        now = self._loop.time()
        if not self.pacing.take(now):
            self._wake_when_paced(now)
            return None
        email = self._source.next_email()
        if email is None:
            self.pacing.give_back()
            return None
        self._in_hand_count += 1
        if len(self._connections) < self._allowance:
            self._changed.set()
        return email

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        """Pass the question on."""
        self._source.ask_mark(email, answer)

    def record(self, result: Result) -> None:
        """Pass the result on; a judgement in good order shows that the server works."""
        self._in_hand_count -= 1
        if result.shows_a_sound_server:
            self._has_worked_lately = True
            self._broken_off_count = 0
            if self.breaker.state is not BreakerState.CLOSED:
                self.breaker.succeed()
            self.pacing.succeed(self._loop.time())
        self._source.record(result)

    def meet(self, features: Features) -> None:
        """A connection has heard what the server offers."""
        self.features = features

    @property
    def may_ride(self) -> bool:
        """Whether the next envelope may follow a final dot in the same write."""
        return not self.refuses_riding

    def forbid_riding(self) -> None:
        """The server does not bear that: no connection does it any more."""
        self.refuses_riding = True

    def has_too_many(self) -> bool:
        """Tell whether the asking connection is one too many."""
        return self._is_closing or len(self._connections) > self._allowance

    def is_idle(self, connection: Connection) -> None:
        """A connection has nothing to do."""
        if self._source.waiting_count:
            self._changed.set()

    def is_leaving(self, connection: Connection) -> None:
        """A connection has said QUIT."""
        self._connections.discard(connection)
        self._leaving.add(connection)
        self._changed.set()

    def is_gone(self, connection: Connection, fault: Fault | None) -> None:
        """A connection has ended; with a fault the server is judged."""
        self._connections.discard(connection)
        self._leaving.discard(connection)
        if fault is not None:
            self._judge(connection, fault)
        self._changed.set()

    def crash(self, error: Exception) -> None:
        """The source or our own code failed: nothing may go on half alive."""
        if self._error is None:
            self._error = error
            self._changed.set()

    # -- inside --------------------------------------------------------------------------------------------------------

    @property
    def _allowance(self) -> int:
        """How many connections may be open now."""
        state = self.breaker.state
        if state is BreakerState.CLOSED:
            return self.pacing.connections
        return 1 if state is BreakerState.PROBING else 0

    def _look_around(self) -> None:
        now = self._loop.time()
        self.breaker.tick(now)
        self.pacing.tick(now)
        for connection in list(self._connections | self._leaving):
            connection.check(now)
        if self._is_closing or not self._source.waiting_count:
            return
        for connection in list(self._connections):
            connection.work()
        self._open_more()

    def _open_more(self) -> None:
        """Double the connections while all are busy and emails wait: a mailing of three does not need thirty."""
        if any(each.is_opening or each.is_free for each in self._connections):
            return
        count = len(self._connections)
        for _ in range(min(self._allowance - count, max(1, count), self._source.waiting_count)):
            self._connections.add(Connection(self, self._transport, self._context))

    def _judge(self, connection: Connection, fault: Fault) -> None:
        """Draw the conclusion from a fault.

        - The server has had enough for now: keep silent until it takes one again.
        - A connection that has worked may be ended by the server, if nothing is in doubt: try another.
        - A new one fails beside others that work: it was one too many.
        - None works, but lately some did, and the server says 421 or 454: it has had enough, too.
        - It breaks off at the words about a recipient: two others are tried before all recipients are believed to
          fare alike, since one that the server cannot bear must not keep the others waiting.
        - Else the server is out of order: open the breaker.
        """
        now = self._loop.time()
        is_in_doubt = fault.phase is Phase.CONTENT
        has_had_enough = fault.asks_for_less and (self._has_worked_lately or self.pacing.is_silent)
        has_had_enough = has_had_enough and self.pacing.may_wait(now)
        if has_had_enough and fault.is_about_pace:
            self.pacing.slow_down(now)
            return
        if connection.is_proven and not is_in_doubt:
            return
        if working_count := self._working_count(connection):
            if not is_in_doubt:
                self.pacing.keep_to(working_count, now)
        elif has_had_enough:
            self.pacing.slow_down(now)
        elif fault.may_be_about_one_email and self._broken_off_count < BROKEN_OFF_AT_MOST:
            self._broken_off_count += 1
        elif self.breaker.trip(fault, now):
            self._has_worked_lately = False
            self._broken_off_count = 0
            self.pacing.restart()
            if connection.is_opening:
                self._blame_one(fault)

    def _working_count(self, failed: Connection) -> int:
        """Count the other connections that came further than the one that failed."""
        if failed.is_opening:
            return sum(not each.is_opening for each in self._connections)
        return sum(each.is_proven for each in self._connections)

    def _blame_one(self, fault: Fault) -> None:
        """No email was in hand: let one bear the error's words, so that they can be seen where people look."""
        email = None if self._is_closing else self._source.next_email()
        if email is None:
            return
        now = self.now()
        outcome = Outcome.SERVER_FAULT
        self._source.record(
            Result(email.key, outcome, fault.phase, fault.code, fault.enhanced, fault.text, now, now, None)
        )

    def _close(self, how: Callable[[Connection], None]) -> None:
        self._is_closing = True
        for connection in list(self._connections):
            how(connection)
        self._notice()

    def _wake_when_paced(self, now: float) -> None:
        if now >= self._paced_at:
            pause = max(0.001, self.pacing.seconds_to_next(now))
            self._paced_at = now + pause
            self._loop.call_later(pause, self._notice)

    def _notice(self) -> None:
        self._changed.set()

    async def _pause(self, seconds: float) -> None:
        """Sleep until something changes, or for a tick."""
        timer = self._loop.call_later(seconds, self._changed.set)
        await self._changed.wait()
        timer.cancel()

    def _tick_seconds(self) -> float:
        """Return how often the clocks are looked at: a quarter of the shortest time that matters."""
        limits = self._transport.timeouts
        shortest = min(
            limits.greeting, limits.ehlo, limits.mail, limits.rcpt, limits.data, limits.block, limits.dot,
            limits.quit, limits.idle, limits.attempt, self._transport.probe_after, self._transport.creep,
        )  # fmt: skip
        return min(1.0, max(0.005, shortest / 4))
