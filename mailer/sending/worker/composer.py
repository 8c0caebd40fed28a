"""The mails of claimed slices, made some time before a connection asks for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

import structlog

from mailer.composing.dkim import signed
from mailer.composing.headers import HeaderError
from mailer.models.delivery import Reason
from mailer.sending.worker.claims import Claim, DueDelivery
from mailer.sending.worker.work import Work
from mailer.smtp.source import Email

log = structlog.get_logger()

AHEAD = 64  # mails composed before a connection asks for them
AHEAD_BYTES = 16 * 2**20  # of them: with files in them they are few
MORE_BELOW = 50  # people in the queue: then the next slice is claimed


class Composer:
    """A queue of people in, mails out, in the same order. Whoever cannot be written to is told to `leave_out`."""

    def __init__(
        self, work: Work, leave_out: Callable[[Claim, DueDelivery], None], ask_for_claims: Callable[[], None]
    ) -> None:
        self._work, self._compiled = work, work.compiled
        self._ahead = max(1, min(AHEAD, AHEAD_BYTES // max(1, work.compiled.size)))
        self._return_of = _returns_of(work)
        self._leave_out = leave_out
        self._ask_for_claims = ask_for_claims
        self._queue: deque[tuple[Claim, int]] = deque()
        self._composed: deque[tuple[Claim, int, Email]] = deque()  # the next ones

    @property
    def waiting_count(self) -> int:
        """Those whom no connection has taken yet."""
        return len(self._queue) + len(self._composed)

    def add(self, claim: Claim, position: int) -> None:
        """Put a person of a claimed slice behind all the others."""
        self._queue.append((claim, position))

    def next_email(self) -> Email | None:
        """The next mail; people who turn out not to be mailable are left out on the way."""
        if not self._composed:
            self._compose_next()
        return self._composed.popleft()[2] if self._composed else None

    def compose_ahead(self) -> None:
        """While the database is at work: many in a row take half the time of one now and then."""
        while self._queue and len(self._composed) < self._ahead:
            self._compose_next()

    def date_anew(self, now: datetime) -> None:
        """A mail says when it was handed over, not when it was composed or planned."""
        self._compiled = self._compiled.dated(now)
        while self._composed:
            claim, position, _email = self._composed.pop()
            self._queue.appendleft((claim, position))

    def clear(self) -> None:
        """Forget everybody."""
        self._queue.clear()
        self._composed.clear()

    def _compose_next(self) -> None:
        while self._queue:
            claim, position = self._queue.popleft()
            email = self._compose(claim, position, claim.people[position])
            if len(self._queue) < MORE_BELOW:
                self._ask_for_claims()
            if email is not None:
                self._composed.append((claim, position, email))
                return
        self._ask_for_claims()

    def _compose(self, claim: Claim, position: int, person: DueDelivery) -> Email | None:
        try:
            recipient = self._work.recipient_of(position, person.email, person.values, person.token)
            content = self._compiled.build(recipient)
            if self._work.signers:
                content = signed(content, self._work.signers)
            sender, token = self._return_of(position)
            if token is not None and self._work.token_header is not None:  # unsigned: the provider takes it out
                content = f"{self._work.token_header(token)}\r\n".encode("ascii") + content
        except ValueError as error:
            is_address = isinstance(error, HeaderError) and error.code == "address"
            log.warning("mail not made", run=self._work.run_id, position=position, error=str(error))
            person.progress.exclude(Reason.INVALID_ADDRESS if is_address else Reason.RENDER_ERROR)
            self._leave_out(claim, person)
            return None
        return Email((claim.slice_id, position), recipient.email, content, sender, token)


def _returns_of(work: Work) -> Callable[[int], tuple[str | None, str | None]]:
    """The envelope sender (None: the server's own) and the token of each mail; None: nothing tells it from others."""
    path = work.return_path
    if path is None:
        return lambda _position: (None, None)
    if path.address and work.token_header is None:
        return path.senders_of(work.run_id)
    token_of = path.tokens_of(work.run_id)  # a provider puts a return path of its own
    return lambda position: (None, token_of(position))
