"""From the greeting to the first MAIL: EHLO, STARTTLS, AUTH. No sockets: replies in, bytes out.

Any refusal here is the server's fault or the configuration's, never an email's. What was configured is insisted
on: no TLS offered, no AUTH offered, credentials without TLS: each ends the handshake before anything is given away.
"""

import base64

from mailer.smtp.envelope import Features
from mailer.smtp.replies import Reply
from mailer.smtp.results import Fault, Phase, ServerFault
from mailer.smtp.transport import Security, Transport


class Handshake:
    """Say `receive(reply)` for each reply and send what it returns, until `is_done` or `wants_tls`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._is_protected = transport.security is Security.TLS
        self._secrets: list[bytes] = []  # still to be said for AUTH LOGIN
        self.features = Features()
        self.phase = Phase.GREETING
        self.is_done = False
        self.wants_tls = False

    def receive(self, reply: Reply) -> bytes:
        """Take the reply to the last command, return the next command; ServerFault when it cannot go on."""
        match self.phase:
            case Phase.GREETING:
                return self._ehlo() if reply.code == 220 else self._refuse(reply)
            case Phase.EHLO:
                return self._after_ehlo(reply) if reply.code == 250 else self._refuse(reply)
            case Phase.STARTTLS:
                self.wants_tls = reply.code == 220
                return b"" if self.wants_tls else self._refuse(reply)
            case _:
                return self._after_auth(reply)

    def tls_is_up(self) -> bytes:
        """Start anew under TLS: what was said in the clear counts for nothing (RFC 3207, section 4.2)."""
        self.wants_tls = False
        self._is_protected = True
        return self._ehlo()

    def _ehlo(self) -> bytes:
        self.phase = Phase.EHLO
        self.features = Features()
        return b"EHLO %b\r\n" % self._transport.helo.encode("ascii")

    def _after_ehlo(self, reply: Reply) -> bytes:
        self.features = Features.of(reply)
        if self._transport.security is Security.STARTTLS and not self._is_protected:
            self.phase = Phase.STARTTLS
            if not self.features.starttls:
                raise ServerFault(Fault(self.phase, "the server offers no STARTTLS"))
            return b"STARTTLS\r\n"
        if self._transport.username is not None:
            return self._auth(self._transport.username, self._transport.password or "")
        self.is_done = True
        return b""

    def _auth(self, username: str, password: str) -> bytes:
        self.phase = Phase.AUTH
        if not (self._is_protected or self._transport.may_send_credentials_unprotected):
            raise ServerFault(Fault(self.phase, "credentials are not sent over an unprotected connection"))
        if "PLAIN" in self.features.auth:
            secret = base64.b64encode(f"\0{username}\0{password}".encode())
            return b"AUTH PLAIN %b\r\n" % secret
        if "LOGIN" in self.features.auth:
            self._secrets = [base64.b64encode(word.encode()) for word in (username, password)]
            return b"AUTH LOGIN\r\n"
        raise ServerFault(Fault(self.phase, "the server offers neither AUTH PLAIN nor AUTH LOGIN"))

    def _after_auth(self, reply: Reply) -> bytes:
        if reply.code == 334 and self._secrets:
            return self._secrets.pop(0) + b"\r\n"
        if reply.code != 235:
            return self._refuse(reply)
        self.is_done = True
        return b""

    def _refuse(self, reply: Reply) -> bytes:
        raise ServerFault(Fault(self.phase, self._without_secrets(reply.text), reply.code, reply.enhanced))

    def _without_secrets(self, text: str) -> str:
        """Some servers repeat the command they refuse."""
        if self.phase is not Phase.AUTH:
            return text
        username, password = self._transport.username or "", self._transport.password or ""
        secrets = [f"\0{username}\0{password}", password]
        for secret in [base64.b64encode(word.encode()).decode() for word in secrets] + [password]:
            text = text.replace(secret, "…") if secret else text
        return text
