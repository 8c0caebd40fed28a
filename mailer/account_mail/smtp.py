"""Flask-Mail's connection with what it lacks: a time-out, verified TLS, and a goodbye that cannot spoil a success.

The mails themselves are our own composer's: Flask-Mail writes lines as long as they come (RFC 5322: 998 octets at
most), and loses spaces between the words of a long subject.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from flask import current_app
from flask_mail import Connection
from flask_mail import Message as Email

from mailer.composing.dkim import unstuffed
from mailer.smtp.transport import Security, Transport


class TimedConnection(Connection):
    """A connection on which no answer is waited for longer than `MAIL_TIMEOUT_SECONDS`."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect, start TLS and sign in as configured."""
        timeout = current_app.config["MAIL_TIMEOUT_SECONDS"]
        if self.mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                self.mail.server, self.mail.port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            host = smtplib.SMTP(self.mail.server, self.mail.port, timeout=timeout)
        try:
            if self.mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
        except Exception:
            host.close()
            raise
        return host

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The server has answered already: a lost QUIT must neither hide an error nor have a mail sent twice.
        with suppress(smtplib.SMTPException, OSError):
            if self.host is not None:
                self.host.quit()


class Composed(Email):
    """A mail whose bytes are made already; `data` is ready for SMTP's DATA."""

    def __init__(self, data: bytes, from_email: str, to_email: str) -> None:
        super().__init__(sender=from_email, recipients=[to_email])
        self._data = data

    def as_bytes(self) -> bytes:
        """The mail with its dots single: smtplib doubles them itself."""
        return unstuffed(self._data)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server of the mailings in Flask-Mail's words."""

    server: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    use_ssl: bool
    suppress: bool
    max_emails: int | None = None

    @classmethod
    def of(cls, transport: Transport) -> Server:
        """The server that `transport` leads to."""
        return cls(
            transport.host,
            transport.port,
            transport.username,
            transport.password,
            transport.security is Security.STARTTLS,
            transport.security is Security.TLS,
            current_app.extensions["mail"].suppress,
        )


def hand_over(email: Email, transport: Transport | None = None) -> None:
    """Give one mail to the mail server, or to that of `transport`; raises smtplib.SMTPException or OSError."""
    server = Server.of(transport) if transport is not None else current_app.extensions["mail"]
    with TimedConnection(server) as connection:  # type: ignore[arg-type]
        connection.send(email)
