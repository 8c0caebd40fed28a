"""When to leave a sick server alone, and when to try it again. No clocks of its own: every call is told the time."""

from enum import StrEnum

from mailer.smtp.results import Fault


class BreakerState(StrEnum):
    """closed: work; open: wait; probing: one connection with one email tries."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Opens at a server fault, lets one probe through after `first_wait` seconds, doubling up to `longest_wait`."""

    def __init__(self, first_wait: float, longest_wait: float) -> None:
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._wait = first_wait
        self.state = BreakerState.CLOSED
        self.last_fault: Fault | None = None
        self.probe_at = 0.0  # in the time of the calls; meaningful while open

    def trip(self, fault: Fault, now: float) -> bool:
        """Take note of a fault; True when it is news: the breaker opens (again)."""
        self.last_fault = fault
        if self.state is BreakerState.OPEN:
            return False
        self.state = BreakerState.OPEN
        self.probe_at = now + self._wait
        self._wait = min(self._wait * 2, self._longest_wait)
        return True

    def tick(self, now: float) -> None:
        """Let time pass."""
        if self.state is BreakerState.OPEN and now >= self.probe_at:
            self.state = BreakerState.PROBING

    def succeed(self) -> None:
        """The server has judged an email in good order: all is forgotten but the last fault's words."""
        self.state = BreakerState.CLOSED
        self._wait = self._first_wait
