"""The server of the site against clients who are slow, silent, many or ambiguous; the real application behind it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask

from launcher.part import CHECKOUT, Part, start, stop, wait_until_ready
from launcher.processes import WEB
from launcher.web import MAX_CONNECTIONS, listen
from tests.conftest import Servers
from tests.waiting import wait_until

MANY = 150
VERY_MANY = MAX_CONNECTIONS  # of one process
SPARE_FILES = 300
NEVER = 600.0  # seconds: longer than any test

Serve = Callable[..., "Site"]


class Site:
    """Processes on one socket."""

    def __init__(self, port: int, processes: list[subprocess.Popen[bytes]]) -> None:
        self.port, self.processes = port, processes

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def status(self, path: str = "/privacy") -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            answer.read()
            return int(answer.status)

    def ask(self, request: bytes) -> bytes:
        """The first line of the answer."""
        with closing(self.connect()) as client:
            client.sendall(request)
            return client.makefile("rb").readline()


@pytest.fixture
def serve(migrated_app: Flask, servers: Servers, tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stack:

        def begin(process_count: int = 1, patience: float = NEVER) -> Site:
            return stack.enter_context(serving(servers, tmp_path, process_count, patience))

        yield begin


@contextmanager
def serving(
    servers: Servers, folder: Path, process_count: int = 1, patience: float = NEVER, extra: Mapping[str, str] = {}
) -> Iterator[Site]:
    """The site on a socket of its own; `extra` settings by environment."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "VAR_DIR": str(folder),
        "SITE_URL": f"http://127.0.0.1:{port}", "GOLUB_ENV": "development", **extra,
    }  # fmt: skip
    command = (*WEB, str(listener.fileno()), "--threads=4", f"--patience={patience}")
    part = Part("web", command, environment, folder / "web.log", sockets=(listener,), directory=CHECKOUT)
    processes = [start(part) for _number in range(process_count)]
    site = Site(port, processes)
    try:
        for process in processes:
            wait_until_ready(Part("web", (), {}, part.log, lambda: site.status() == 200), process)
        yield site
    finally:
        for process in processes:
            stop(part, process, 10)
        listener.close()


ATTACKS = {
    "heads that never end": b"GET /privacy HTTP/1.1\r\nHost: x\r\n",
    "bodies that never come": b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nemail=",
    "chunks that never come": b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemail",
    "silence": b"",
    "answered and never closed": b"GET /privacy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
}


def test_a_hundred_slow_clients_of_every_kind_stop_nobody(serve: Serve) -> None:
    site = serve()
    for attack in ATTACKS.values():
        with ExitStack() as held:
            for _number in range(MANY):
                held.enter_context(closing(site.connect())).sendall(attack)
            assert site.status() == 200


@pytest.fixture
def room() -> Iterator[int]:
    """How many connections this machine lets the test hold, of those wanted; the server raises its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, min(hard, VERY_MANY + SPARE_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    count = min(VERY_MANY, limit - SPARE_FILES)
    if count < VERY_MANY:
        warnings.warn(f"the limit of open files allows {count} connections, not {VERY_MANY}", stacklevel=1)
    yield count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_as_many_idle_connections_as_it_takes_and_slow_bodies_stop_nobody(serve: Serve, room: int) -> None:
    """Half of them silent, half of them sending a byte of a form now and then; one more makes room for itself."""
    site = serve()
    with ExitStack() as held:
        for _number in range(room // 2):
            held.enter_context(closing(site.connect()))
        dripping = [held.enter_context(closing(site.connect())) for _number in range(room // 2)]
        for client in dripping:
            client.sendall(ATTACKS["bodies that never come"])
        for _time in range(3):
            assert site.status() == 200
            for client in dripping:
                with suppress(ConnectionError):  # of those given up for us
                    client.sendall(b"x")
        assert site.processes[0].poll() is None
    assert site.status() == 200


def test_those_who_take_too_long_are_given_up(serve: Serve) -> None:
    site = serve(patience=1.0)
    for name in ("heads that never end", "bodies that never come", "chunks that never come", "silence"):
        with closing(site.connect()) as client:
            client.sendall(ATTACKS[name])
            with suppress(ConnectionResetError):  # as good an end, where bytes were left unread
                assert client.recv(1000) == b"", name
    with closing(site.connect()) as client, pytest.raises(OSError):
        client.sendall(ATTACKS["bodies that never come"])
        for _byte in range(1000):  # a byte now and then is not enough
            client.settimeout(0.1)
            client.sendall(b"x")
            try:
                if client.recv(1000) == b"":
                    raise ConnectionError
            except TimeoutError:
                continue


AMBIGUOUS = [
    b"Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked", b"Host: x\r\nHost: y", b"X: no host",
    b"Host: x\r\nContent-Length: 1\r\nContent-Length: 1", b"Host: x\r\nTransfer-Encoding: gzip, chunked",
]  # fmt: skip


def test_a_request_means_one_thing_or_is_refused(serve: Serve) -> None:
    site = serve()
    for head in AMBIGUOUS:
        answer = site.ask(b"POST /login HTTP/1.1\r\n" + head + b"\r\n\r\n0\r\n\r\n")
        assert answer.split()[1] in (b"400", b"501"), head


def test_a_newcomer_is_not_taken_for_an_idle_connection_that_was_just_given_up(serve: Serve) -> None:
    """While the process sleeps an idle connection becomes overdue and others come with requests: these are answered,
    though one of them gets the number of the file that the idle one had."""
    site = serve(patience=1.0)
    for _round in range(3):
        with ExitStack() as held:
            idle = [held.enter_context(closing(site.connect())) for _number in range(4)]
            wait_until(lambda: site.status() == 200)  # by now they are accepted
            site.processes[0].send_signal(signal.SIGSTOP)
            time.sleep(1.5)  # a length of the fault: longer than the patience
            asking = [held.enter_context(closing(site.connect())) for _number in range(12)]
            for client in asking:
                client.sendall(b"GET /privacy HTTP/1.1\r\nHost: x\r\n\r\n")
            site.processes[0].send_signal(signal.SIGCONT)
            assert [client.recv(12) for client in asking] == [b"HTTP/1.1 200"] * 12
            assert [client.recv(12) for client in idle] == [b""] * 4


def test_what_has_begun_is_answered_when_the_process_is_told_to_stop(serve: Serve) -> None:
    site = serve()
    with closing(site.connect()) as client, closing(site.connect()) as idle:
        idle.sendall(b"GET /privacy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in idle.recv(65536)
        client.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        wait_until(lambda: site.status() == 200)  # by now the head has been read
        site.processes[0].send_signal(signal.SIGTERM)
        rest = b"".join(iter(lambda: idle.recv(65536), b""))  # closed in good order, no reset
        assert rest == b"" or b"</html>" in rest
        client.sendall(b"67890")
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 4")  # no form token: an answer
    assert site.processes[0].wait(60) == 0


def test_a_killed_process_leaves_the_site_to_the_other(serve: Serve) -> None:
    site = serve(process_count=2)
    site.processes[0].kill()
    site.processes[0].wait(60)
    assert [site.status() for _number in range(20)] == [200] * 20
