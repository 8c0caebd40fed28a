"""A source of emails for tests: gives them out, answers for the marks, keeps every result."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from mailer.smtp.pool import Pool
from mailer.smtp.results import Outcome, Result
from mailer.smtp.source import Email
from mailer.smtp.transport import Timeouts, Transport

CONTENT = b"Message-ID: <one@golub.test>\r\nSubject: Hello\r\n\r\nHello!\r\n..with a dot\r\n"
SECONDS = 20  # after which a test that hangs has failed


def email_to(recipient: str, content: bytes = CONTENT) -> Email:
    """One email whose key is its recipient."""
    return Email(recipient, recipient, content)


def transport_to(port: int, **options: Any) -> Transport:
    """A transport that does not wait long for anything unless told to."""
    timeouts = replace(Timeouts(idle=0.2, quit=1), **options.pop("timeouts", {}))
    plain = Transport("127.0.0.1", port, "news@golub.test", timeouts=timeouts, probe_after=0.05, probe_at_most=0.2)
    return replace(plain, **options)


class Outbox:
    """Everything is marked at once, unless `answers_marks` is off: then `questions` wait for the test."""

    def __init__(self, emails: Iterable[Email], *, allows: bool = True, answers_marks: bool = True) -> None:
        self.waiting = list(emails)
        self.results: list[Result] = []
        self.questions: list[tuple[Email, Callable[[bool], None]]] = []
        self.allows = allows
        self.answers_marks = answers_marks
        self.requeues_faults = False
        self.expected_count = len(self.waiting)
        self.pool: Pool
        self._emails = {email.key: email for email in self.waiting}

    def next_email(self) -> Email | None:
        return self.waiting.pop(0) if self.waiting else None

    @property
    def waiting_count(self) -> int:
        return len(self.waiting)

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        self.questions.append((email, answer))
        if self.answers_marks:
            answer(self.allows)

    def record(self, result: Result) -> None:
        self.results.append(result)
        if self.requeues_faults and result.outcome in (Outcome.SERVER_FAULT, Outcome.ABORTED):
            self.waiting.append(self._emails[result.key])
            self.pool.wake()
        elif len(self.final) == self.expected_count:
            self.pool.finish()

    def has_asked(self, count: int) -> bool:
        """So many questions for a mark have come."""
        return len(self.questions) == count

    @property
    def final(self) -> list[Result]:
        """The results that end an email for this outbox."""
        faults = (Outcome.SERVER_FAULT, Outcome.ABORTED) if self.requeues_faults else ()
        return [result for result in self.results if result.outcome not in faults]

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in self.results]

    def outcome_of(self, recipient: str) -> Outcome:
        """The only outcome of this recipient; a second result would be a fault of ours."""
        (result,) = [result for result in self.results if result.key == recipient]
        return result.outcome

    def send(
        self, transport: Transport, meanwhile: Callable[[], Awaitable[None]] | None = None, seconds: float = SECONDS
    ) -> list[Result]:
        """Run a pool until every email has its result (or `meanwhile`, a coroutine function, has ended it)."""
        asyncio.run(asyncio.wait_for(self._send(transport, meanwhile), seconds))
        return self.results

    async def _send(self, transport: Transport, meanwhile: Callable[[], Awaitable[None]] | None) -> None:
        self.pool = Pool(transport, self)
        running = asyncio.create_task(self.pool.run())
        if meanwhile is not None:
            await meanwhile()
        await running


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; the caller's own limit ends it when it never is."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.002)
