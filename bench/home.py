"""How fast public pages are with a warm cache and without any: `.venv/bin/python -m bench.home`.

Starts PostgreSQL and Valkey of its own, loads the sample data and `--clients` more addresses, and asks gunicorn (two
workers of eight threads, as behind a proxy) over kept connections from a process of its own. Everything shares
this machine's cores, the asking too. A visitor is either new (no cookie) or known (a cookie from an earlier page).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg2
import uvloop

from launcher.embedded import running_servers

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--worker-class=gthread", "--workers=2", "--threads=8"),
    *("--no-control-socket", "--log-level=warning"),
)
CONNECTIONS = 16


@dataclass
class Result:
    """One line of the table; times in milliseconds."""

    case: str
    per_second: float
    median: float
    p99: float
    kilobytes: float
    failed: int


def app_without_cache() -> Any:
    """The application with nothing remembered (gunicorn calls it)."""
    from config import from_environment
    from mailer import create_app

    config = from_environment()
    config.CACHE_TYPE = "flask_caching.backends.nullcache.NullCache"
    return create_app(config)


class Asker(asyncio.Protocol):
    """Asks for one page over and over on one connection; reads no more of an answer than its length."""

    def __init__(self, request: bytes, until: float, taken: list[float], seen: dict[str, int]) -> None:
        self.request, self.until, self.taken, self.seen = request, until, taken, seen
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.rest, self.buffer = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self.transport: Any = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Read answers; ask again after each whole one."""
        if self.rest:
            self.rest -= len(data)
        else:
            self.buffer += data
            head, found, body = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self.buffer = b""
            if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")):
                self.seen["failed"] += 1
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self.seen["bytes"] = len(head) + length
            self.rest = length - len(body)
        if self.rest <= 0:
            self.rest = 0
            self.taken.append(time.perf_counter() - self.started)
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """There is nothing more to ask."""
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        self.started = time.perf_counter()
        if self.started >= self.until:
            self.transport.close()
        else:
            self.transport.write(self.request)


async def ask(port: int, request: bytes, seconds: float) -> tuple[list[float], dict[str, int]]:
    """The times of all answers within `seconds`, over 16 connections."""
    taken: list[float] = []
    seen = {"failed": 0, "bytes": 0}
    until = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(lambda: Asker(request, until, taken, seen), "127.0.0.1", port)
        for _one in range(CONNECTIONS)
    ]
    await asyncio.gather(*(asker.done for _transport, asker in pairs))
    return taken, seen


def measure(case: str, port: int, path: str, headers: dict[str, str], seconds: float) -> Result:
    """Ask in a process of its own; a second of warming up comes first."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items())
    request = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(_run, (port, request, 1.0))
        taken, seen = pool.apply(_run, (port, request, seconds))
    taken.sort()
    return Result(
        case,
        round(len(taken) / seconds, 1),
        round(statistics.median(taken) * 1000, 2),
        round(taken[int(len(taken) * 0.99)] * 1000, 2),
        round(seen["bytes"] / 1024, 1),
        seen["failed"],
    )


def _run(port: int, request: bytes, seconds: float) -> tuple[list[float], dict[str, int]]:
    return uvloop.run(ask(port, request, seconds))


@contextmanager
def prepared(clients: int) -> Iterator[dict[str, str]]:
    """The environment of a service with sample data."""
    with tempfile.TemporaryDirectory() as folder, running_servers(Path(folder) / "servers") as (database, redis):
        environment = {
            **os.environ, "DATABASE_URL": database, "REDIS_URL": redis, "VAR_DIR": f"{folder}/var",
            "SECRET_KEY": "of a benchmark, with enough letters", "FLASK_APP": "wsgi.py",
        }  # fmt: skip
        for words in (["db", "upgrade"], ["load-sample"]):
            subprocess.run(
                [sys.executable, "-m", "flask", *words], cwd=ROOT, env=environment, check=True, capture_output=True
            )
        with psycopg2.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment) "
                "SELECT (SELECT min(id) FROM users), a, a, '', '', '', '' "
                "FROM (SELECT 'person' || n || '@example.test' a FROM generate_series(1, %s) n) made",
                [clients],
            )
        connection.close()
        yield environment


@contextmanager
def serving(environment: dict[str, str], app: str) -> Iterator[int]:
    """gunicorn with that application; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen([*GUNICORN, app, f"--bind=127.0.0.1:{port}"], cwd=ROOT, env=environment)
    try:
        for _try in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def known_visitor(port: int) -> tuple[dict[str, str], str]:
    """The headers of a browser that was here before, and the tag of the page it keeps."""
    with urlopen(f"http://127.0.0.1:{port}/") as answer:
        cookie = (answer.headers.get("Set-Cookie") or "").split(";")[0]
        return {"Cookie": cookie}, answer.headers["ETag"]


def table(results: list[Result]) -> str:
    """For people."""
    lines = [f"{'':44}{'req/s':>9}{'median ms':>11}{'p99 ms':>9}{'kB':>7}{'failed':>8}"]
    lines += [
        f"{r.case:44}{r.per_second:9,.0f}{r.median:11.2f}{r.p99:9.2f}{r.kilobytes:7.1f}{r.failed:8}" for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print; nothing is asserted about time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", type=int, default=200_000)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    results = []
    with prepared(options.clients) as environment:
        for name, app in (("warm cache", "wsgi:app"), ("no cache", "bench.home:app_without_cache()")):
            with serving(environment, app) as port:
                known, tag = known_visitor(port)
                asked: tuple[tuple[str, str, dict[str, str]], ...] = (
                    ("home, new visitor", "/", {}),
                    ("home, known visitor", "/", known),
                    ("home, known visitor, unchanged (304)", "/", {**known, "If-None-Match": tag}),
                    ("blog, new visitor", "/blog", {}),
                )
                for case, path, headers in asked:
                    if app != "wsgi:app" and "304" in case:
                        continue  # the articles are picked anew for each page, so it always differs
                    results.append(measure(f"{name}: {case}", port, path, headers, options.seconds))
                    print(f"{results[-1].case}: {results[-1].per_second:,.0f}/s", file=sys.stderr, flush=True)
    print(
        f"{os.cpu_count()} cores, {options.clients:,} clients, {CONNECTIONS} connections, {options.seconds:g} s each\n"
    )
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2))


if __name__ == "__main__":
    main()
