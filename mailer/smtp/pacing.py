"""How many connections and how many emails a second the server bears. Every call is told the time (seconds).

Downwards at once when the server says 421 or 454, upwards in small steps. A server that allows five connections or
14 messages a second gets just that.
"""

_BURST = 0.05  # seconds' worth of emails that may go at once
_SHORTEST_LOOK = 1.0  # seconds over which the pace is observed


class Pacing:
    """`connections` is how many may be open now; `take` asks for the right to begin one more email."""

    def __init__(self, limit: int, rate: float | None, creep: float) -> None:
        self._limit = limit
        self._ceiling = rate
        self._creep = creep
        self._is_recovering = False
        self._raised_at = 0.0
        self._taken_count = 0
        self._looked_at: float | None = None
        self._observed = 0.0  # emails a second, of late
        self._tokens = 1.0
        self._tokens_at = 0.0
        self.connections = limit
        self.rate = rate  # None: as fast as it goes

    # -- connections -----------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """After an outage: one connection, then one more per success."""
        self.connections = 1
        self._is_recovering = self._limit > 1

    def succeed(self) -> None:
        """An email has been judged in good order."""
        if self._is_recovering:
            self.connections += 1
            self._is_recovering = self.connections < self._limit

    def keep_to(self, count: int, now: float) -> None:
        """No more than these connections work."""
        self.connections = max(1, min(self.connections, count))
        self._is_recovering = False
        self._raised_at = now

    def slow_down(self, now: float) -> None:
        """The server wants less even of one connection: a lower pace, after a second's silence."""
        self.keep_to(1, now)
        self._look(now)
        # Many limits count by the second: what went since the last look may have filled one in a moment.
        lately = self._taken_count / max(1.0, now - (self._looked_at or now))
        pace = max(self._observed, lately)
        self.rate = max(1.0, 0.8 * (pace if self.rate is None else min(pace, self.rate)))
        self._tokens = -self.rate
        self._tokens_at = now

    # -- emails a second -------------------------------------------------------------------------------------------

    def take(self, now: float) -> bool:
        """Ask for the right to begin one email."""
        if self.rate is not None:
            burst = max(1.0, self.rate * _BURST)
            self._tokens = min(burst, self._tokens + (now - self._tokens_at) * self.rate)
            self._tokens_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
        self._taken_count += 1
        return True

    def give_back(self) -> None:
        """The right was not used."""
        self._taken_count -= 1
        if self.rate is not None:
            self._tokens += 1

    def seconds_to_next(self, now: float) -> float:
        """Return how long until `take` will say yes."""
        if self.rate is None:
            return 0.0
        return max(0.0, (1 - self._tokens) / self.rate - (now - self._tokens_at))

    def tick(self, now: float) -> None:
        """Observe the pace, and raise what was pressed down."""
        self._look(now)
        if now - self._raised_at < self._creep:
            return
        self._raised_at = now
        if not self._is_recovering:
            self.connections = min(self._limit, self.connections + 1)
        if self.rate is not None and self.rate != self._ceiling:
            self.rate = min(self.rate * 1.1, self._ceiling or self.rate * 1.1)

    def _look(self, now: float) -> None:
        if self._looked_at is None:
            self._looked_at = now
        passed = now - self._looked_at
        if passed >= _SHORTEST_LOOK:
            self._observed = self._taken_count / passed
            self._taken_count, self._looked_at = 0, now
