"""What the test server offers, and what it answers where no rule steps in."""

import ssl
from dataclasses import dataclass

from mailer.smtp.testserver.rules import Event, Step, Verb

ANSWERS = {
    Event.CONNECT: (),
    Event.GREETING: (Step.parse("220 lab.test ESMTP"),),
    Event.STARTTLS: (Step.parse("220 2.0.0 Ready"),),
    Event.MAIL: (Step.parse("250 2.1.0 Ok"),),
    Event.RCPT: (Step.parse("250 2.1.5 Ok"),),
    Event.DATA: (Step.parse("354 Go ahead"),),
    Event.CONTENT: (),
    Event.DOT: (Step.parse("accept"), Step.parse("250 2.0.0 Ok")),
    Event.RSET: (Step.parse("250 2.0.0 Ok"),),
    Event.QUIT: (Step.parse("221 2.0.0 Bye"), Step.parse("drop")),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server says it can do, and how much of it it allows."""

    pipelining: bool = True
    smtputf8: bool = False
    size: int = 33_554_432
    opens_data_for_nobody: bool = False  # answers DATA with 354 though no recipient was taken (RFC 2920, 3.1)
    tls: ssl.SSLContext | None = None  # for STARTTLS, or from the first byte on with `is_implicit_tls`
    is_implicit_tls: bool = False
    credentials: tuple[str, str] | None = None
    auth: str = "PLAIN LOGIN"  # empty: no line of that form
    words: tuple[str, ...] = ()  # further lines of the answer to EHLO
    connections: int | None = None  # more are greeted with 421
    per_connection: int | None = None  # messages; the next MAIL gets 421
    per_second: int | None = None  # messages; the next MAIL within the second gets 421
    per_window: tuple[int, float] | None = None  # messages and seconds; the next MAIL gets 450, the connection stays
    bears_riding: bool = True  # an envelope that follows a final dot before its answer; else MAIL gets 503

    def ehlo(self, *, is_tls: bool) -> tuple[Step, ...]:
        """Return the answer to EHLO, on a connection that has TLS already or has not."""
        words = ["lab.test", f"SIZE {self.size}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        words += ["PIPELINING"] if self.pipelining else []
        words += ["SMTPUTF8"] if self.smtputf8 else []
        words += ["STARTTLS"] if self.tls is not None and not is_tls else []
        words += [f"AUTH {self.auth}"] if self.credentials and self.auth else []
        words += self.words
        lines = [f"250-{word}\r\n" for word in words[:-1]] + [f"250 {words[-1]}\r\n"]
        return (Step(Verb.REPLY, payload="".join(lines).encode()),)
