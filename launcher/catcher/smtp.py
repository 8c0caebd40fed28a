"""The receiving side of SMTP (RFC 5321), as little of it as a catcher needs, fast enough for whole mailings.

Announces PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), SIZE (RFC 1870) and enhanced status
codes (RFC 2034). Accepts everybody and everything; for loopback only.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

SIZE_LIMIT = 50 * 1024 * 1024
LINE_LIMIT = 4_096
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", f"SIZE {SIZE_LIMIT}")
ADDRESS = re.compile(rb"\s*(?:FROM|TO):\s*<([^<>]*)>", re.IGNORECASE)
END_OF_DATA = b"\r\n.\r\n"

Keep = Callable[[bytes, list[bytes], bytes], None]


class CatcherProtocol(asyncio.Protocol):
    """One connection; `keep(sender, recipients, content)` is called for each mail before it is answered."""

    _transport: asyncio.Transport  # once connected

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._buffer = bytearray()
        self._answers = bytearray()
        self._is_over = False
        self._searched = 0
        self._is_in_data = False
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._answer("220 golub mail catcher")
        self._send_answers()

    def data_received(self, data: bytes) -> None:
        """Take commands and content, as much as has come."""
        self._buffer += data
        while not self._is_over and (self._take_content() if self._is_in_data else self._take_line()):
            pass
        self._send_answers()

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > LINE_LIMIT:
                self._close("500 5.5.2 Line too long")
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        verb, _, argument = line.partition(b" ")
        self._obey(verb.upper().decode("ascii", "replace"), argument)
        return True

    def _take_content(self) -> bool:
        """The content up to its closing dot. It was given a CRLF in front, so that a lone dot is found too."""
        end = self._buffer.find(END_OF_DATA, self._searched)
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(END_OF_DATA))
            if len(self._buffer) > SIZE_LIMIT:
                self._close("552 5.3.4 Message too big")
            return False
        content = bytes(self._buffer[2 : end + 2]) if end else b""
        if b"\n." in content or content.startswith(b"."):  # dots doubled by the sender (RFC 5321, 4.5.2)
            content = re.sub(rb"(^|\r\n)\.", rb"\1", content)
        del self._buffer[: end + len(END_OF_DATA)]
        self._is_in_data = False
        try:
            self._keep(self._sender or b"", self._recipients, content)
        except OSError as error:
            self._answer(f"452 4.3.1 Cannot keep it: {error.strerror}")
        else:
            self._answer("250 2.0.0 Caught")
        self._forget()
        return True

    def _obey(self, verb: str, argument: bytes) -> None:
        match verb:
            case "EHLO":
                self._forget()
                lines = ["golub", *EXTENSIONS]
                self._answer("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))
            case "HELO" | "RSET" | "NOOP":
                if verb != "NOOP":
                    self._forget()
                self._answer("250 2.0.0 OK")
            case "MAIL" | "RCPT":
                self._take_address(verb, argument)
            case "DATA":
                self._begin_data()
            case "VRFY":
                self._answer("252 2.1.5 Send it and see")
            case "QUIT":
                self._close("221 2.0.0 Bye")
            case _:
                self._answer("502 5.5.1 Not understood")

    def _take_address(self, verb: str, argument: bytes) -> None:
        found = ADDRESS.match(argument)
        if not found or (verb == "RCPT" and not found[1]):
            self._answer("501 5.5.4 An address is expected")
        elif verb == "MAIL":
            self._forget()
            self._sender = found[1]
            self._answer("250 2.1.0 OK")
        elif self._sender is None:
            self._answer("503 5.5.1 MAIL first")
        else:
            self._recipients.append(found[1])
            self._answer("250 2.1.5 OK")

    def _begin_data(self) -> None:
        if not self._recipients:
            self._answer("503 5.5.1 RCPT first")
            return
        self._is_in_data, self._searched = True, 0
        self._buffer[:0] = b"\r\n"
        self._answer("354 End with a dot on a line of its own")

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    def _answer(self, line: str) -> None:
        self._answers += line.encode() + b"\r\n"

    def _close(self, line: str) -> None:
        self._answer(line)
        self._is_over = True

    def _send_answers(self) -> None:
        """All answers to one pipelined group in one packet."""
        self._transport.write(bytes(self._answers))
        self._answers.clear()
        if self._is_over:
            self._transport.close()


async def serve_smtp(keep: Keep, port: int) -> asyncio.Server:
    """Listen on the loopback interface."""
    return await asyncio.get_running_loop().create_server(lambda: CatcherProtocol(keep), "127.0.0.1", port)
