"""Links of mails under load: the site's processes as `make run` starts them, connections that are kept, real answers.

The load runs in a process of its own on the same cores. First at a steady pace, each answer timed from the moment its
request was due (a late one makes the next no less late); then as fast as answers come; beside a trivial page of the
same site, in turns.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import re
import selectors
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from sqlalchemy import func, select

from bench.processes import ROOT, cpu_seconds, stolen_percent, wait_for_port
from bench.service import Service, running_service
from launcher.ports import first_free
from launcher.web import listen
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.reaction import LinkHit
from mailer.models.run import Run
from mailer.sending import tracking

LINKS = [f"https://shop.example/offer/{number}?a=1" for number in range(20)]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
TRIVIAL = "/robots.txt"
PROCESSES = 2
SECRET = "a secret of the benchmark, long enough to be one"


@dataclass(frozen=True)
class Measured:
    """What one round of load saw: answers a second, seconds that each took, in order, and those that were wrong."""

    per_second: float
    taken: list[float]
    wrong_count: int

    def percentile(self, percent: float) -> float:
        """Milliseconds."""
        return self.taken[min(len(self.taken) - 1, int(len(self.taken) * percent / 100))] * 1000


def load(port: int, paths: Sequence[str], status: bytes, clients: int, seconds: float, pace: float) -> Measured:
    """Ask for `paths` in turn over so many connections; `pace` requests a second, or as fast as they come for 0."""
    waiting = selectors.DefaultSelector()
    began, number, taken, wrong = time.perf_counter(), 0, [], 0
    due: dict[socket.socket, float] = {}
    idle = [socket.create_connection(("127.0.0.1", port)) for _client in range(clients)]
    for connection in idle:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
    while (now := time.perf_counter()) < began + seconds:
        while idle and (not pace or began + number / pace <= now):
            connection = idle.pop()
            due[connection] = began + number / pace if pace else now
            connection.sendall(_request(paths[number % len(paths)]))
            number += 1
        until = began + number / pace - now if pace and idle else 0.1
        for key, _events in waiting.select(max(0.0, until)):
            connection, heard = key.fileobj, key.data  # type: ignore[assignment]
            heard += connection.recv(65536)
            if _is_whole(heard):
                wrong += not heard.startswith(b"HTTP/1.1 " + status)
                heard.clear()
                taken.append(time.perf_counter() - due.pop(connection))
                idle.append(connection)
    for key in list(waiting.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return Measured(len(taken) / (time.perf_counter() - began), sorted(taken), wrong)


def _is_whole(heard: bytearray) -> bool:
    """Raises ConnectionError where the site has hung up."""
    if not heard:
        raise ConnectionError("the site has hung up")
    head, end, body = heard.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: golub.test\r\nUser-Agent: {AGENT}\r\nAccept: text/html\r\n\r\n".encode()


@contextmanager
def site(service: Service) -> Iterator[tuple[int, list[int]]]:
    """The site's processes on a common socket; its port and theirs."""
    port = first_free(23_700)
    listener = listen("127.0.0.1", port)
    environment = os.environ | service.environment("smtp://127.0.0.1:1")
    environment |= {"GOLUB_ENV": "development", "SECRET_KEY": SECRET}
    command = [sys.executable, "-m", "launcher.web", str(listener.fileno())]
    with ExitStack() as stack:
        start = partial(psutil.Popen, command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()])
        started = [start() for _number in range(PROCESSES)]
        for process in started:
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        wait_for_port(port)
        yield port, [process.pid for process in started]
    listener.close()


def paths_of_a_run(service: Service, count: int) -> list[str]:
    """A run that counts clicks, and links of its mails."""
    owner = service.owner_of(0)
    mailing = service.mailing_of(owner)
    snapshot = {"tracking": {"clicks": True, "opens": True, "links": LINKS}}
    run = Run(
        owner_id=owner.id, mailing_id=mailing.id, occurrence=str(uuid.uuid4()), snapshot=snapshot, planned_at=utcnow()
    )
    db.session.add(run)
    db.session.commit()
    token_of = tracking.link_tokens(run)
    assert token_of is not None
    return [f"/l/{token_of(n % (count // 4) + 1)}/{n % len(LINKS) + 1}" for n in range(count)]


def measure(asked: argparse.Namespace, port: int, pids: list[int], links: list[str]) -> None:
    """Print a line for each round."""
    for pace in (asked.pace, 0):
        for name, paths, status in (("redirects", links, b"302"), (TRIVIAL, [TRIVIAL], b"200")) * asked.rounds:
            stolen_percent()
            before = sum(map(cpu_seconds, pids))
            seen = _elsewhere(partial(load, port, paths, status, asked.clients, asked.seconds, pace))
            used = (sum(map(cpu_seconds, pids)) - before) / max(1, len(seen.taken)) * 1e6
            print(
                f"{name:14}{f'{pace} a second' if pace else 'at most':16}{seen.per_second:8.0f}/s"
                f"  p50 {seen.percentile(50):6.1f}  p95 {seen.percentile(95):6.1f}  p99 {seen.percentile(99):6.1f} ms"
                f"  {used:5.0f} µs of the site's CPU each, wrong {seen.wrong_count}, stolen {stolen_percent():.0f} %",
                flush=True,
            )


def _elsewhere(work: Callable[[], Measured]) -> Measured:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work)


def main(words: Sequence[str]) -> int:
    """Start, warm, measure, print; 1 where hits were lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.redirects", description=__doc__)
    parser.add_argument("--clients", type=int, default=32, help="connections")
    parser.add_argument("--seconds", type=float, default=10, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pace", type=int, default=1000, help="requests a second of the steady rounds")
    asked = parser.parse_args(words)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="golub-bench-") as folder, running_service(Path(folder)) as service:
        service.app.config["LINK_KEY"] = SECRET
        links = paths_of_a_run(service, 4000)
        with site(service) as (port, pids):
            for path in (*links[:20], TRIVIAL):
                load(port, [path], b"", 8, 0.1, 0)
            measure(asked, port, pids, links)
        print(f"counted: {db.session.scalar(select(func.count()).select_from(LinkHit)):,}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
