"""What can become of one try, and how far it got."""

from enum import StrEnum


class Outcome(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    IN_DOUBT = "in_doubt"
    ABORTED = "aborted"
    SERVER_FAULT = "server_fault"


class Phase(StrEnum):
    """Where in the SMTP conversation it ended."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
