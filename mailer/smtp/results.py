"""What came of handing one email to the mail server, in words that the whole service shares."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """The six things that can come of a try."""

    ACCEPTED = "accepted"  # 2yz after the dot: the server has taken responsibility
    TRANSIENT = "transient"  # 4yz about this email: try again later
    PERMANENT = "permanent"  # 5yz about this recipient or content: never try again
    IN_DOUBT = "in_doubt"  # content has left, no valid reply came: nobody knows
    ABORTED = "aborted"  # we let go before the content left; the server has not judged this email
    SERVER_FAULT = "server_fault"  # the server was not in order; nobody's fault, the content has not left


class Phase(StrEnum):
    """How far the conversation had come: the step whose answer was awaited."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MARK = "mark"  # 354 has come, the permission to let the content go has not
    CONTENT = "content"  # content has left, the answer to the dot is awaited
    RSET = "rset"
    IDLE = "idle"
    QUIT = "quit"


class Result(NamedTuple):  # made once for every email: four times as quick as a frozen dataclass
    """The end of one try.

    `text` holds the server's own words (or ours, when it said nothing), at most 1,000 characters, without control
    characters; it is hostile until escaped. `code` is None when no reply decided. Times are aware, UTC.
    """

    key: Hashable
    outcome: Outcome
    phase: Phase
    code: int | None
    enhanced: str | None  # "5.1.1", RFC 3463
    text: str
    started_at: datetime
    finished_at: datetime
    tls: str | None  # "TLSv1.3 TLS_AES_256_GCM_SHA384"

    @property
    def shows_a_sound_server(self) -> bool:
        """Tell whether the server has judged this email in good order, however it judged."""
        if self.outcome is Outcome.ACCEPTED:
            return True
        return self.outcome in (Outcome.TRANSIENT, Outcome.PERMANENT) and self.code not in (None, 421)


@dataclass(frozen=True, slots=True)
class Fault:
    """Trouble with the server or the way to it, as opposed to trouble with one email."""

    phase: Phase
    text: str
    code: int | None = None
    enhanced: str | None = None
    is_drop: bool = False  # the connection went away without a word
    is_about_pace: bool = False  # less at a time, or less a day; the connection itself is in order
    is_about_sender: bool = False  # our address, account or right to send

    @property
    def may_be_about_one_email(self) -> bool:
        """Tell whether the server broke off, or closed with 421, at the very words about a recipient."""
        return self.phase in (Phase.RCPT, Phase.DATA) and (self.is_drop or self.code == 421)

    @property
    def needs_admin(self) -> bool:
        """Tell whether waiting may not help: TLS, authentication or the sender is not as the server wants it."""
        return self.phase in (Phase.STARTTLS, Phase.AUTH) or self.is_about_sender

    @property
    def asks_for_less(self) -> bool:
        """Tell whether the server wants fewer connections or messages (RFC 5321 421, 454)."""
        return self.is_about_pace or self.code in (421, 454)


class ServerFault(Exception):
    """The conversation cannot go on; carries the `Fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.phase}: {fault.code or ''} {fault.text}")
        self.fault = fault
