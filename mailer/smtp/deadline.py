"""How long a connection waits for what comes next: one moment of the loop's clock."""

import math
from collections.abc import Callable

from mailer.smtp.results import Phase
from mailer.smtp.session import Session
from mailer.smtp.source import Email
from mailer.smtp.transport import Timeouts


class Deadline:
    """Set when an answer begins to be awaited; the connection compares `at` with the clock now and then."""

    def __init__(self, timeouts: Timeouts, time: Callable[[], float]) -> None:
        self._timeouts = timeouts
        self._time = time
        self.at = math.inf
        self._attempt: Email | None = None  # whose wall-clock limit is running
        self._attempt_ends = math.inf
        self._unwritten = 0  # bytes of content that had not left at the last look
        self._moved_at = 0.0

    def set(self, seconds: float) -> None:
        """Wait so long from now on."""
        self.at = self._time() + seconds

    def lift(self) -> None:
        """Wait for as long as it takes: the server owes nothing."""
        self.at = math.inf

    def await_reply(self, phase: Phase) -> None:
        """Wait for the reply to a command of this phase."""
        self.at = self._time() + self._limit(phase)

    def await_session(self, session: Session) -> None:
        """Wait for what the session waits for, and no longer than one attempt may take in all."""
        now = self._time()
        email = session.sent or session.current
        if email is not self._attempt:
            self._attempt = email
            self._attempt_ends = now + self._timeouts.attempt
        if session.awaits_mark:  # ours to wait for: the server owes us nothing
            self.at = math.inf
        else:
            limit = self._limit(session.phase) if session.sent is None else self._timeouts.dot
            self.at = min(now + limit, self._attempt_ends)

    def begin_content(self) -> None:
        """Content is about to leave."""
        self._unwritten = 0
        self._moved_at = self._time()

    def is_moving(self, unwritten: int, now: float) -> bool:
        """Whether the content, of which so many bytes have not left, has moved on within the limit.

        The clock of the answer runs once it has left; until then it only has to keep moving.
        """
        if not unwritten:
            return True
        if unwritten != self._unwritten:
            self._unwritten, self._moved_at = unwritten, now
        if now - self._moved_at >= self._timeouts.block:
            return False
        self.at = min(now + self._timeouts.dot, self._attempt_ends)
        return True

    def _limit(self, phase: Phase) -> float:
        limits = self._timeouts
        match phase:
            case Phase.MAIL | Phase.RSET:
                return limits.mail
            case Phase.RCPT:
                return limits.rcpt
            case Phase.DATA:
                return limits.data
            case Phase.GREETING:
                return limits.greeting
            case _:
                return limits.ehlo
