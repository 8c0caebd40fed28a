"""The border between a connection and its pool."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from mailer.smtp.envelope import Features
from mailer.smtp.results import Fault, Result
from mailer.smtp.source import Email

C = TypeVar("C", contravariant=True)


class ConnectionOwner(Protocol[C]):
    """What a connection, of type `C`, needs from its pool."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The clock that results are dated by, aware."""

    def take(self) -> Email | None:
        """Give an email, if breaker, pace and source allow one now."""

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        """Pass the question on to the source."""

    def record(self, result: Result) -> None:
        """Pass a result on to the source, and learn from it."""

    def has_too_many(self) -> bool:
        """Whether there are more connections than there may be now."""

    def meet(self, features: Features) -> None:
        """Learn what the server offers."""

    @property
    def may_ride(self) -> bool:
        """Whether the next envelope may follow a final dot in the same write."""

    def forbid_riding(self) -> None:
        """The server does not bear that."""

    def is_idle(self, connection: C) -> None:
        """The connection has nothing to do."""

    def is_leaving(self, connection: C) -> None:
        """The connection has said QUIT."""

    def is_gone(self, connection: C, fault: Fault | None) -> None:
        """The connection is over; `fault` when the server is to blame."""

    def crash(self, error: Exception) -> None:
        """Drop everything, raise this where the pool runs."""
