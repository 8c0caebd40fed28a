"""The border between the connections and whoever owns the emails."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from mailer.smtp.results import Result


class Email(NamedTuple):
    """One email for one recipient: one transaction.

    `recipient` is an addr-spec with the domain in its ASCII form. `content` has CRLF line ends, dots stuffed, ends in
    CRLF and lacks the final dot (RFC 5321 section 4.5.2). `sender` is where this one comes back to, None: where the
    transport says. `envelope_id` (plain letters and digits) is what a delivery status notification is to repeat
    (RFC 3461); with it one is asked for where the server offers that.
    """

    key: Hashable
    recipient: str
    content: bytes
    sender: str | None = None
    envelope_id: str | None = None


class EmailSource(Protocol):
    """Gives emails out and takes what came of them. All calls happen in the pool's event loop and must be quick.

    Every email given out comes back in exactly one `record`.
    """

    def next_email(self) -> Email | None:
        """Give the next email; None when there is none now (`Pool.wake` says that there is more)."""

    @property
    def waiting_count(self) -> int:
        """How many emails it could give now: no connection is made for more."""

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        """The server waits for the content: may it leave?

        Called after 354 and before the first content byte. Call `answer` in the loop's thread (through
        `call_soon_threadsafe` from others), once: True lets the content go, False drops the connection and the email
        is aborted. An answer that comes too late is ignored.
        """

    def record(self, result: Result) -> None:
        """Take the end of one try.

        ACCEPTED and IN_DOUBT come only after a mark; the other four may come after one too (the connection broke, or
        the pool was released, between the mark and the first content byte) and then too no content has left, or the
        server has refused it. Between `ask_mark` and its answer nothing is recorded about that email, except by
        `Pool.drop`.
        """
