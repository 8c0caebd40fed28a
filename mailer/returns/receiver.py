"""Where a mail server hands over what came back: LMTP (RFC 2033) or SMTP, on the loopback interface.

A mail is answered with 250 when it is in the database, and with 4yz as long as it cannot be: the mail server then keeps
it. A 5yz to a report would lose it, since nobody is told of that.
"""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from flask import Flask, current_app
from sqlalchemy import text

from mailer.extensions import db
from mailer.models.mail_report import Door
from mailer.returns.taking import take
from mailer.sending import return_path

log = structlog.get_logger()

HOST = "127.0.0.1"
SIZE_LIMIT = 64 * 1024 * 1024  # a whole mail may come back, larger than any that we send
LINE_LIMIT = 1024 * 1024  # of what others wrote against the rules
CONNECTIONS = 20  # at once; each may hold a mail in memory
RECIPIENTS = 100
IDLE_SECONDS = 120.0
LOCK_MS = 10_000  # waiting for somebody else's transaction: then the mail server may as well come again


class ReportProtocol(SMTP):
    """Speaks both, as the other side begins. It knows neither passwords nor relaying."""

    line_length_limit = LINE_LIMIT
    speaks_lmtp = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        """Begin LMTP: every recipient gets an answer of its own behind the final dot."""
        self.speaks_lmtp = True
        await self.smtp_EHLO(hostname)


class ReportHandler:
    """What aiosmtpd asks. Reports are read and written by threads: reading a hostile one takes a second."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(2, "reports")
        with app.app_context():
            path = return_path.configured()
        self._domain = path.domain.lower() if path is not None else ""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only what is addressed to the domain of BOUNCE_ADDRESS: no relay, and no sink for others' mail."""
        if address.rpartition("@")[2].lower() != self._domain:
            return "550 5.7.1 Not for this service"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: ReportProtocol, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take it, then answer."""
        content = envelope.content
        assert isinstance(content, bytes)
        if not (envelope.mail_from or "").strip("<>") and not content[:12].lower().startswith(b"return-path:"):
            content = b"Return-Path: <>\r\n" + content  # RFC 5321, section 4.4: whoever delivers finally writes it
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._take, content, list(envelope.rcpt_tos))
        return "\r\n".join([answer] * (len(envelope.rcpt_tos) if server.speaks_lmtp else 1))

    def _take(self, content: bytes, recipients: list[str]) -> str:
        with self._app.app_context():
            try:
                db.session.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
                receipt = take(content, Door.RECEIVER, recipients)
            except Exception as error:  # the mail server brings it again, whatever it was
                db.session.rollback()
                log.error("report not taken", error=repr(error)[:500])
                return "451 4.3.0 Not taken for now"
            finally:
                db.session.remove()
        return f"250 2.0.0 {receipt.taken.value}"


async def serve(app: Flask, port: int, stop: asyncio.Event) -> None:
    """Listen until `stop` is set. Errors: OSError when the port is taken."""
    handler, open_ones = ReportHandler(app), set[Any]()
    loop = asyncio.get_running_loop()

    class Counted(ReportProtocol):
        def connection_made(self, transport: Any) -> None:
            if len(open_ones) >= CONNECTIONS:
                transport.write(b"421 4.3.2 Too many connections\r\n")
                transport.close()
                return
            open_ones.add(self)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            if self in open_ones:
                open_ones.discard(self)
                super().connection_lost(error)

    def protocol() -> ReportProtocol:
        return Counted(
            handler, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, hostname="golub", ident="reports",
            timeout=IDLE_SECONDS, loop=loop,
        )  # fmt: skip

    server = await loop.create_server(protocol, HOST, port)
    await stop.wait()
    server.close()


async def _serve_until_told(app: Flask, port: int) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await serve(app, port, stop)


def run() -> None:
    """Serve at BOUNCE_PORT until told to end. Errors: OSError when the port is taken."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    asyncio.run(_serve_until_told(app, app.config["BOUNCE_PORT"]))
