"""The border between a connection and its pool."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from mailer.smtp.envelope import Features
from mailer.smtp.results import Fault, Result
from mailer.smtp.source import Email

C = TypeVar("C", contravariant=True)


class Crew(Protocol[C]):
    """What a connection, of type `C`, needs from its pool."""

    @property
    def now(self) -> Callable[[], datetime]: ...

    def take(self) -> Email | None: ...

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None: ...

    def record(self, result: Result) -> None: ...

    def has_too_many(self) -> bool: ...

    def meet(self, features: Features) -> None: ...

    @property
    def may_ride(self) -> bool: ...

    def forbid_riding(self) -> None: ...

    def is_idle(self, connection: C) -> None: ...

    def is_leaving(self, connection: C) -> None: ...

    def is_gone(self, connection: C, fault: Fault | None) -> None: ...

    def crash(self, error: Exception) -> None: ...
