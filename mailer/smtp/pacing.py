"""How many connections and how many emails a second the server bears. Every call is told the time (seconds).

A server that allows five connections gets just that. One that allows so many emails in some while (a second, a minute)
says so when it has had enough: then nothing leaves but a single email now and then, until one is taken again. What it
took from one such moment to a later one, divided by the time between, is the pace that it bears whatever it counts by;
a little less than that is kept, and raised in small steps. Moments close together tell nothing: a server that lets some
go at once and then as many as drip into its bucket would seem slow.
"""

from collections import deque
from random import Random

_BURST = 0.05  # seconds' worth of emails that may go at once at a pace that was learned: the server's own may be less
_CATCH_UP = 1.0  # the same under a limit laid down: a busy machine comes too late again and again, and loses nothing
_FIRST_WAIT = 0.25  # seconds of silence when the server has had enough
_WAIT_GROWS = 0.25  # of the silence so far: how long to the next try
_JITTER = 0.2  # so that workers do not try together
_LOOK = 2.0  # seconds over which a pace is worked out, where the server has been known for so long
_SHORTEST_LOOK = 0.5
_SLOWEST = 1 / 300  # emails a second
_MARGIN = 0.97  # of what the server took
_STEP = 1.05  # upwards


class Pacing:
    """`connections` is how many may be open now; `take` asks for the right to begin one more email.

    `rate` is the limit laid down, `pace` what was learned before (emails a second); `patience` is for how many seconds
    a silence may last before it is an outage.
    """

    def __init__(
        self,
        limit: int,
        rate: float | None,
        creep: float,
        *,
        pace: float | None = None,
        patience: float = 75.0,
        random: Random | None = None,
    ) -> None:
        self._limit = limit
        self._ceiling = rate
        self._creep = creep
        self._patience = patience
        self._random = random or Random()  # noqa: S311 - jitter, no secret
        self._is_recovering = False
        self._raised_at = 0.0
        self._tokens = 1.0
        self._tokens_at: float | None = None  # nothing was asked yet: what begins has no past to catch up with
        self._judged_count = 0
        self._moments: deque[tuple[float, int]] = deque()  # when emails began to go (again), how many were judged then
        self._silent_since: float | None = None
        self._next_try_at = 0.0  # while silent
        self._has_tried = False  # since the silence began
        self.connections = limit
        self.rate = min(filter(None, (rate, pace)), default=None)  # None: as fast as it goes

    # -- connections -----------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """After an outage: one connection, then one more per success."""
        self.connections = 1
        self._is_recovering = self._limit > 1
        self._silent_since = None
        self._moments.clear()

    def succeed(self, now: float) -> None:
        """An email has been judged in good order."""
        if self._is_recovering:
            self.connections += 1
            self._is_recovering = self.connections < self._limit
        if self._silent_since is not None and self._has_tried:
            self._end_silence(now)
        if not self._moments:
            self._moments.append((now, self._judged_count))
        self._judged_count += 1

    def keep_to(self, count: int, now: float) -> None:
        """No more than these connections work."""
        self.connections = max(1, min(self.connections, count))
        self._is_recovering = False
        self._raised_at = now

    def slow_down(self, now: float) -> None:
        """The server has had enough for now: be silent, but for a try now and then."""
        self.keep_to(1, now)
        if self._silent_since is None:
            self._silent_since, self._has_tried = now, False
            self.rate = self._borne(now)
        self._next_try_at = now + self._wait(now)

    @property
    def is_silent(self) -> bool:
        """Whether the server has had enough, and nothing was taken since."""
        return self._silent_since is not None

    def may_wait(self, now: float) -> bool:
        """Whether a silence may go on: a longer one is an outage, which all workers should know of."""
        return self._silent_since is None or now - self._silent_since < self._patience

    # -- emails a second -------------------------------------------------------------------------------------------

    def take(self, now: float) -> bool:
        """Ask for the right to begin one email."""
        if self._silent_since is not None:
            if now < self._next_try_at:
                return False
            self._has_tried = True
            self._next_try_at = now + self._wait(now)
        elif self.rate is not None:
            burst = max(1.0, self.rate * (_CATCH_UP if self.rate == self._ceiling else _BURST))
            self._tokens = min(burst, self._tokens + self._since_tokens(now) * self.rate)
            self._tokens_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
        return True

    def give_back(self) -> None:
        """The right was not used."""
        if self._silent_since is not None:
            self._next_try_at = 0.0
        elif self.rate is not None:
            self._tokens += 1

    def seconds_to_next(self, now: float) -> float:
        """Return how long until `take` will say yes."""
        if self._silent_since is not None:
            return max(0.0, self._next_try_at - now)
        if self.rate is None:
            return 0.0
        return max(0.0, (1 - self._tokens) / self.rate - self._since_tokens(now))

    def tick(self, now: float) -> None:
        """Raise what was pressed down."""
        if now - self._raised_at < self._creep or self._silent_since is not None:
            return
        self._raised_at = now
        if not self._is_recovering:
            self.connections = min(self._limit, self.connections + 1)
        if self.rate is not None and self.rate != self._ceiling:
            self.rate = min(self.rate * _STEP, self._ceiling or self.rate * _STEP)

    def _since_tokens(self, now: float) -> float:
        return 0.0 if self._tokens_at is None else now - self._tokens_at

    def _end_silence(self, now: float) -> None:
        self.rate = self._borne(now)
        self._silent_since = None
        self._moments.append((now, self._judged_count))
        self._tokens, self._tokens_at, self._raised_at = 0.0, now, now

    def _borne(self, now: float) -> float:
        """The pace that the server has borne of late, silences counted in; never more than what is laid down."""
        while len(self._moments) > 1 and now - self._moments[1][0] >= _LOOK:
            self._moments.popleft()
        began_at, count_then = self._moments[0] if self._moments else (now, self._judged_count)
        passed = max(_SHORTEST_LOOK, now - began_at)
        pace = max(_SLOWEST, _MARGIN * (self._judged_count - count_then) / passed)
        return pace if self._ceiling is None else min(pace, self._ceiling)

    def _wait(self, now: float) -> float:
        silent_for = now - (now if self._silent_since is None else self._silent_since)
        wait = max(_FIRST_WAIT, _WAIT_GROWS * silent_for)
        return wait * self._random.uniform(1 - _JITTER, 1 + _JITTER)
