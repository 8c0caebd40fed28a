"""One connection to the test server: ordinary SMTP until a rule steps in."""

import asyncio
import socket
import struct
from collections import deque
from typing import cast

from mailer.smtp.testserver.auth import AuthExchange
from mailer.smtp.testserver.ledger import Accepted
from mailer.smtp.testserver.offer import ANSWERS
from mailer.smtp.testserver.rules import Event, Step, Verb
from mailer.smtp.testserver.state import ServerState

_END = b"\r\n.\r\n"


class LabSession(asyncio.Protocol):
    """Reads commands, plays steps, and feeds the ledger."""

    _transport: asyncio.Transport  # once connected

    def __init__(self, server: ServerState, *, is_upgraded: bool = False) -> None:
        self._server = server
        self._is_tls = is_upgraded
        self._buffer = b""
        self._out: list[bytes] = []
        self._steps: deque[Step] = deque()
        self._event: Event | None = None  # being answered; None: ready for the next command
        self._spoken = b""  # what the event has been answered so far
        self._wants_content = False
        self._content_is_announced = False
        self._auth: AuthExchange | None = None  # in progress
        self._is_authorised = False
        self._is_ridden = False  # something had come behind the final dot before it was answered
        self._accepted_count = 0
        self._content = b""
        self._subject = ""  # what the event is about: an address, a user, a name
        self._sender: str | None = None
        self._recipient: str | None = None

    def _forget_transaction(self) -> None:
        self._sender = self._recipient = None

    # -- the connection -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)
        if self._transport.get_extra_info("ssl_object") is not None:
            self._is_tls = True
        self._server.sessions.add(self)
        self._server.connection_count += 1
        self._play(Event.CONNECT, "")
        self._proceed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop playing; whatever was half done is forgotten."""
        self._server.sessions.discard(self)
        self._steps.clear()

    def data_received(self, data: bytes) -> None:
        """Take bytes; they wait while an earlier event is still being answered."""
        self._buffer = self._buffer + data if self._buffer else data
        self._proceed()

    def abort(self) -> None:
        """Close with a TCP reset, from the server's loop."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    # -- commands -----------------------------------------------------------------------------------

    def _proceed(self) -> None:
        while self._event is None and not self._transport.is_closing():
            if not (self._read_content() if self._wants_content else self._read_command()):
                break
        self._send()

    def _read_command(self) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return False
        self._buffer = rest
        if self._server.trace is not None:
            self._server.trace.append(line.decode("utf-8", "replace"))
        if self._auth is not None:
            self._auth_prompt(self._auth, self._auth.receive(line))
        else:
            self._command(line)
        return True

    def _read_content(self) -> bool:
        if not self._content_is_announced and self._buffer:
            self._content_is_announced = True
            self._server.content_count += 1
            if self._server.rules.has(Event.CONTENT):
                self._play(Event.CONTENT, self._recipient or "")
                return True
        if self._buffer.startswith(b".\r\n"):
            content, self._buffer = b"", self._buffer[3:]
        else:
            end = self._buffer.find(_END)
            if end < 0:
                return False
            content, self._buffer = self._buffer[: end + 2], self._buffer[end + len(_END) :]
        self._wants_content = self._content_is_announced = False
        self._is_ridden = bool(self._buffer)
        if content.startswith(b"."):
            content = content[1:]
        self._content = content.replace(b"\r\n.", b"\r\n")
        if self._recipient is None:
            self._say(b"554 5.5.1 No valid recipients\r\n")
        else:
            self._play(Event.DOT, self._recipient)
        return True

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        offer = self._server.offer
        if verb in (b"EHLO", b"HELO"):
            self._forget_transaction()
            self._play(Event.EHLO, "", offer.ehlo(is_tls=self._is_tls))
        elif verb == b"MAIL":
            self._mail(line)
        elif verb == b"RCPT":
            self._rcpt(line)
        elif verb == b"DATA":
            if self._recipient is None and not offer.opens_data_for_nobody:
                self._say(b"503 5.5.1 No valid recipients\r\n")
            else:
                self._play(Event.DATA, self._recipient or "")
        elif verb == b"RSET":
            self._play(Event.RSET, "")
        elif verb == b"QUIT":
            self._play(Event.QUIT, "")
        elif verb == b"STAR" and offer.tls is not None and not self._is_tls:
            self._play(Event.STARTTLS, "")
        elif verb == b"AUTH" and offer.credentials:
            auth = AuthExchange(offer.credentials)
            self._auth_prompt(auth, auth.begin(line))
        else:
            self._say(b"502 5.5.2 Not understood\r\n")

    def _mail(self, line: bytes) -> None:
        offer = self._server.offer
        if offer.credentials and not self._is_authorised:
            self._say(b"530 5.7.0 Authentication required\r\n")
        elif self._is_ridden and not offer.bears_riding:
            self._say(b"503 5.5.1 pipelined after end of DATA\r\n")
        elif self._sender is not None:
            self._say(b"503 5.5.1 Nested MAIL\r\n")
        else:
            self._play(Event.MAIL, _address(line))

    def _rcpt(self, line: bytes) -> None:
        if self._sender is None:
            self._say(b"503 5.5.1 Need MAIL\r\n")
        else:
            self._play(Event.RCPT, _address(line))

    def _auth_prompt(self, auth: AuthExchange, prompt: bytes | None) -> None:
        if prompt is not None:
            self._auth = auth
            self._say(prompt)
            return
        self._auth, self._is_authorised = None, auth.is_right
        answer = "235 2.7.0 Welcome" if auth.is_right else "535 5.7.8 Wrong user or password"
        self._play(Event.AUTH, auth.user, (Step.parse(answer),))

    # -- playing steps ------------------------------------------------------------------------------

    def _play(self, event: Event, subject: str, otherwise: tuple[Step, ...] | None = None) -> None:
        steps = self._server.rules.steps_for(event, subject) or self._server.limit_steps(event, self._accepted_count)
        if steps is None:
            steps = otherwise if otherwise is not None else ANSWERS[event]
        self._event = event
        self._subject = subject
        self._spoken = b""
        self._steps.extend(steps)
        self._run()

    def _run(self) -> None:
        """Play steps until one has to wait; the last one settles the event."""
        while self._steps:
            if self._step(self._steps.popleft()):
                return
        self._settle()

    def _resume(self) -> None:
        if self._transport.is_closing():
            return
        self._run()
        self._proceed()

    def _step(self, step: Step) -> bool:
        """Do one step; True: somebody will call `_resume` (or nobody ever will)."""
        loop = asyncio.get_running_loop()
        match step.verb:
            case Verb.REPLY | Verb.RAW:
                self._say(step.payload)
                self._spoken += step.payload
            case Verb.ACCEPT:
                return self._accept()
            case Verb.DELAY:
                self._send()
                loop.call_later(step.seconds, self._resume)
                return True
            case Verb.DRIBBLE:
                for byte in reversed(step.payload):
                    self._steps.extendleft((Step(Verb.RAW, payload=bytes([byte])), Step(Verb.DELAY, step.seconds)))
            case Verb.FLOOD:
                self._say(step.payload)
                self._send()
                self._steps.appendleft(step)
                loop.call_later(0.001, self._resume)
                return True
            case Verb.DROP:
                self._send()
                self._transport.close()
            case Verb.RESET:
                self._send()
                self.abort()
            case Verb.SILENCE:
                self._send()
                self._transport.pause_reading()
                return True
        return self._transport.is_closing()

    def _accept(self) -> bool:
        record = Accepted.of(self._recipient or "", self._content, keep=self._server.keeps_content)
        self._accepted_count += 1
        ledger = self._server.ledger
        if not ledger.is_durable:
            ledger.add(record, _nothing)
            return False
        if ledger.add(record, self._resume):
            asyncio.get_running_loop().call_soon(ledger.flush)
        return True

    def _settle(self) -> None:
        """Move the conversation on, as the code that was answered says."""
        event, self._event = self._event, None
        code = self._spoken.rstrip(b"\r\n").rpartition(b"\n")[2][:3]
        is_good = code.startswith(b"2")
        if event is Event.CONNECT:
            self._play(Event.GREETING, "")
        elif event is Event.MAIL and is_good:
            self._sender = self._subject
        elif event is Event.RCPT and is_good:
            self._recipient = self._subject
        elif event is Event.DATA and code == b"354":
            self._wants_content = True
        elif event is Event.DOT or (event is Event.RSET and is_good):
            self._forget_transaction()
        elif event is Event.STARTTLS and is_good:
            self._event = Event.STARTTLS
            self._server.spawn(self._upgrade())

    async def _upgrade(self) -> None:
        self._send()
        self._transport.pause_reading()
        tls = self._server.offer.tls
        assert tls is not None
        loop = asyncio.get_running_loop()
        try:
            upgraded = await loop.start_tls(self._transport, self, tls, server_side=True)
        except OSError:
            return
        assert upgraded is not None
        self._transport = upgraded
        self._is_tls = True
        self._event = None
        self._transport.resume_reading()
        self._proceed()

    def _say(self, line: bytes) -> None:
        self._out.append(line)

    def _send(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()


def _nothing() -> None:
    pass


def _address(line: bytes) -> str:
    return line.partition(b"<")[2].rpartition(b">")[0].decode("utf-8", "replace")
