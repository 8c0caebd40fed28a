"""kill -9 amid hits: of Valkey, and of one of the site's processes, as `make run` starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
from redis import Redis, RedisError
from sqlalchemy import func, select

from launcher.embedded import running_valkey
from launcher.ports import first_free
from launcher.web import listen
from mailer.extensions import db
from mailer.models.reaction import LinkHit
from mailer.models.run import Run
from tests.conftest import ROOT, Servers
from tests.tracking.conftest import CHROME, path_of
from tests.waiting import wait_until


@contextmanager
def site(servers: Servers, redis_url: str, var_dir: Path) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """Two processes on a common socket; told to end, they have written what they saw."""
    port = first_free(23_600)
    settings = {
        "DATABASE_URL": servers.database_url, "REDIS_URL": redis_url, "VAR_DIR": str(var_dir),
        "GOLUB_ENV": "development", "SECRET_KEY": "a secret of the tests, long enough to be one",
    }  # fmt: skip
    with listen("127.0.0.1", port) as listener:
        command = [sys.executable, "-m", "launcher.web", str(listener.fileno()), "--threads=2"]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, pass_fds=[listener.fileno()])
            for _number in range(2)
        ]
        try:
            yield port, started
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait(60)


def asks(connection: HTTPConnection, path: str) -> int:
    """The status of the answer; 0 where the connection has broken."""
    try:
        connection.request("GET", path, headers=CHROME)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        connection.close()
        return 0
    return answer.status


def connections_by_process(port: int, started: list[subprocess.Popen[bytes]]) -> list[list[HTTPConnection]]:
    """Connections that are kept, at least one to each process, by whose they are."""
    found: list[list[HTTPConnection]] = [[] for _process in started]

    def each_has_some() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        if asks(connection, "/robots.txt") != 200:
            return False
        mine = connection.sock.getsockname()[1]
        for process, its in zip(started, found, strict=True):
            peers = psutil.Process(process.pid).net_connections("tcp")
            if any(peer.raddr and peer.raddr.port == mine for peer in peers):
                its.append(connection)
        return all(found)

    wait_until(each_has_some)
    return found


def counted() -> Counter[int]:
    """Hits in the database, by the number of their link."""
    db.session.rollback()
    return Counter(dict(db.session.execute(select(LinkHit.link, func.count()).group_by(LinkHit.link)).tuples().all()))


def test_valkey_killed_amid_hits_costs_neither_a_redirect_nor_a_hit(
    sent: Run, servers: Servers, tmp_path: Path
) -> None:
    paths = [path_of(sent, position, 1) for position in (1, 2, 3)]
    with running_valkey(tmp_path / "valkey") as redis_url, site(servers, redis_url, tmp_path) as (port, started):
        kept = [its[0] for its in connections_by_process(port, started)]
        with Redis.from_url(redis_url) as valkey:
            victim = int(valkey.info("server")["process_id"])
        statuses = Counter(asks(connection, path) for path in paths for connection in kept)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: not _answers(redis_url))
        for _round in range(20):
            statuses.update(asks(connection, path) for path in paths for connection in kept)
        newcomer = HTTPConnection("127.0.0.1", port, timeout=60)
        statuses[asks(newcomer, paths[0])] += 1
    assert statuses == {302: 21 * 3 * 2 + 1}
    assert counted() == {1: statuses[302]}


def test_a_process_killed_amid_hits_costs_its_own_last_ones_only(sent: Run, servers: Servers, tmp_path: Path) -> None:
    written, by_the_other, last = (path_of(sent, 1, link) for link in (1, 2, 3))
    with site(servers, servers.redis_url, tmp_path) as (port, started):
        its, others = connections_by_process(port, started)
        assert [asks(its[0], written) for _number in range(30)] == [302] * 30
        wait_until(lambda: counted()[1] == 30)
        statuses = []
        for _number in range(30):
            statuses += [asks(its[0], last), asks(others[0], by_the_other)]
        started[0].kill()
        started[0].wait()
        statuses += [asks(others[0], by_the_other) for _number in range(30)]
        assert asks(its[0], last) == 0, "its connections are gone with it"
        statuses += [asks(its[0], by_the_other) for _number in range(10)]  # it connects anew, to who is left
        assert statuses == [302] * 100
    found = counted()
    assert (found[1], found[2]) == (30, 70)
    assert found[3] <= 30


def _answers(redis_url: str) -> bool:
    with suppress(RedisError), Redis.from_url(redis_url, socket_timeout=5) as valkey:
        return bool(valkey.ping())
    return False
