"""One process of the site: waitress on a socket that the launcher holds open, so that several share it.

    python -m launcher.web FD [--threads 8] [--patience 30] [--after FD] [--ready FD]

The main loop gathers whole requests, memory first and then temporary files; threads see nothing else. What waitress
leaves open is closed here: a time for a head, a body and an answer (RFC 9110 names none; 30 s, and a second for every
16 KB), room made by giving up whoever has waited longest, requests of two meanings refused (RFC 9112, 6.1 and 3.2),
and an end that lets what has begun be answered.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer

from launcher import sign
from launcher.late_writer import LateWriter

# More than any page takes and than a proxy passes on (deploy/nginx.conf: 60 MB): the page then says so, where a
# connection broken off would be the proxy's 502.
MAX_BODY = 64 * 1024 * 1024
BYTES_PER_SECOND = 16 * 1024  # of a body, beyond the first patience
# Longer than a proxy keeps an idle connection (nginx: 60 s): who closes first must be the one that would ask.
KEEP_ALIVE_SECONDS = 75.0
STOP_SECONDS = 4.0
MAX_CONNECTIONS = 2000
RESERVED_FILES = 200  # for the database, Valkey, spooled bodies
SETTINGS = {
    "ident": None,
    "asyncore_use_poll": True,  # select() ends at 1,024 connections
    "connection_limit": 1_000_000,  # its own limit stops accepting; ours makes room
    "backlog": 1024,
    "cleanup_interval": 1,
    "asyncore_loop_timeout": 1,
    "max_request_header_size": 64 * 1024,
    "max_request_body_size": MAX_BODY,
    "outbuf_high_watermark": 512 * 1024 * 1024,  # a slow reader holds a temporary file, not a thread
}


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A head that means one thing to everybody who reads it."""

    def parse_header(self, header_plus: bytes) -> None:
        """Raises ParsingError, which is answered with 400."""
        names = [line.partition(b":")[0].strip().lower() for line in header_plus.split(b"\r\n")[1:]]
        if b"transfer-encoding" in names and b"content-length" in names:
            raise ParsingError("Transfer-Encoding and Content-Length")
        for name in (b"host", b"content-length", b"transfer-encoding"):
            if names.count(name) > 1:
                raise ParsingError(f"More than one {name.decode()}")
        super().parse_header(header_plus)
        if self.version != "1.0" and "HOST" not in self.headers:
            raise ParsingError("No Host")
        if self.version != "1.1" and b"transfer-encoding" in names:
            raise ParsingError("Transfer-Encoding in HTTP/1.0")


class Connection(HTTPChannel):  # type: ignore[misc]
    """A client; `deadline` says until when it may keep us waiting."""

    parser_class = Request
    begun_at: float | None = None  # the request that is being received

    def received(self, data: bytes) -> bool:
        """Note when a request began."""
        was_taken = bool(super().received(data))
        if self.request is None:
            self.begun_at = None
        elif self.begun_at is None:
            self.begun_at = time.time()
        return was_taken

    def deadline(self, patience: float) -> float | None:
        """A moment of `time.time()`; None while a thread works for it."""
        if self.total_outbufs_len:
            return float(self.last_activity) + patience
        if self.requests:
            return None
        request, begun_at = self.request, self.begun_at
        if request is None or begun_at is None:
            is_new = self.last_activity == self.creation_time
            return float(self.last_activity) + (patience if is_new else KEEP_ALIVE_SECONDS)
        size = max(request.content_length, request.body_bytes_received) if request.headers_finished else 0
        return begun_at + patience + size / BYTES_PER_SECOND

    def is_asking(self) -> bool:
        """The first of a request has come, and nobody has read it: to close now would be to reset the connection."""
        if self.requests or self.request is not None or self.total_outbufs_len:
            return False
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:  # nothing there, or nobody
            return False

    def is_at_rest(self) -> bool:
        """Nothing of a request has come, and nothing of an answer is left."""
        is_busy = self.requests or self.request is not None or self.total_outbufs_len
        return not (is_busy or self.is_asking())


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Waitress with time limits, room for newcomers and a graceful end. `patience` in seconds."""

    channel_class = Connection
    next_maintenance_at = 0.0

    def __init__(self, application: Any, listener: socket.socket, patience: float, **settings: Any) -> None:
        self.patience = patience
        self.max_connections = _room_for_connections()
        self.is_stopping = False
        super().__init__(
            application,
            _sock=listener,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            adj=Adjustments(sockets=[listener], **SETTINGS | settings),
        )

    def readable(self) -> bool:
        """Whether newcomers are taken. Waitress would do its maintenance here, while it gathers what to wait for: the
        number of a file closed by then is waited for all the same, a newcomer may get that number at once, and what is
        then said of it would end the newcomer's connection."""
        return bool(self.accepting)

    def maintenance(self, now: float) -> None:
        """Give up those who keep us waiting too long, but nobody whose request has come and is not read yet."""
        for connection in list(self.active_channels.values()):
            deadline = connection.deadline(self.patience)
            if deadline is not None and deadline < now and not connection.is_asking():
                connection.handle_close()

    def handle_accept(self) -> None:
        """Take a newcomer, and if that is one too many give up who would have to go first."""
        super().handle_accept()
        if len(self.active_channels) > self.max_connections:
            waiting = [
                (deadline, fileno)
                for fileno, connection in self.active_channels.items()
                if (deadline := connection.deadline(self.patience)) is not None
            ]
            if waiting:
                self.active_channels[min(waiting)[1]].handle_close()

    def request_stop(self, *_: object) -> None:
        """A signal handler."""
        self.is_stopping = True
        self.pull_trigger()

    def run(self) -> None:
        """Serve until asked to stop; what has been asked by then is answered, for `STOP_SECONDS` at most."""
        self._turn_while(lambda: not self.is_stopping)
        self.accepting = False
        wasyncore.dispatcher.close(self)  # our copy of the socket: the other processes go on accepting
        deadline = time.time() + STOP_SECONDS

        def is_busy() -> bool:
            for connection in _at_rest(self.active_channels.values()):
                connection.handle_close()
            return bool(self.active_channels) and time.time() < deadline

        self._turn_while(is_busy, seconds=0.05)
        self.task_dispatcher.shutdown(timeout=0.5)  # who has nothing to do ends at once; of others it warns

    def _turn_while(self, is_wanted: Callable[[], bool], seconds: float = 1.0) -> None:
        while is_wanted():
            if (now := time.time()) >= self.next_maintenance_at:
                self.next_maintenance_at = now + self.adj.cleanup_interval
                self.maintenance(now)
            wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)


def listen(host: str, port: int) -> socket.socket:
    """The socket that the processes share; connections wait in it while a process comes back. Errors: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _at_rest(connections: Iterable[Connection]) -> list[Connection]:
    return [connection for connection in connections if connection.is_at_rest()]


def _room_for_connections() -> int:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard if 0 < hard < 65_536 else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(50, min(MAX_CONNECTIONS, limit - RESERVED_FILES))


def main() -> None:
    """Serve `wsgi:app` on the inherited socket, from a sign on, until SIGTERM or SIGINT; who connects earlier waits."""
    parser = argparse.ArgumentParser(prog="python -m launcher.web")
    parser.add_argument("fd", type=int)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--patience", type=float, default=30.0)
    parser.add_argument("--after", type=int, help="the number of a sign to wait for")
    parser.add_argument("--ready", type=int, help="the number of a sign to make")
    options = parser.parse_args()
    app = importlib.import_module("wsgi").app
    log = LateWriter(sys.stderr)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(log)
    if options.after is not None:
        sign.wait_for(options.after)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = Server(
        app,
        socket.socket(fileno=options.fd),
        options.patience,
        threads=options.threads,
        # Headers of a proxy are believed by the application, as many as PROXY_COUNT says, and by nobody else.
        clear_untrusted_proxy_headers=not app.config["PROXY_COUNT"],
    )
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, server.request_stop)
    if options.ready is not None:
        sign.make(options.ready)
    server.run()
    log.drain(1)


if __name__ == "__main__":
    main()
