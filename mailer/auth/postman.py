"""Flask-Mail's connection with what it lacks: a time-out, verified TLS, and a goodbye that cannot spoil a success."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from types import TracebackType

from flask import current_app
from flask_mail import Connection
from flask_mail import Message as Email


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


def hand_over(email: Email) -> None:
    """Give one mail to the mail server; raises smtplib.SMTPException or OSError."""
    with TimedConnection(current_app.extensions["mail"]) as connection:
        connection.send(email)
