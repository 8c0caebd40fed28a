from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import redis

from launcher import nobody
from launcher.databases import remove_with_folder
from launcher.embedded import running_postgres, running_valkey
from launcher.part import start, stop, wait_until_ready
from launcher.ports import is_free
from launcher.postgres import prepare_postgres
from launcher.valkey import prepare_valkey
from tests.launcher.toys import is_running
from tests.waiting import wait_until


def query(url: str, sql: str) -> object:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    connection.close()
    return row[0] if row else None


def test_postgres_keeps_its_data_and_port_over_kill_9(tmp_path: Path) -> None:
    server = prepare_postgres(tmp_path)
    try:
        process = start(server.part())
        wait_until_ready(server.part(), process)
        assert server.ensure_database()
        query(server.url(), "CREATE TABLE kept AS SELECT 'голубь' AS word")
        process.kill()
        process.wait()
        again = prepare_postgres(tmp_path)
        process = start(again.part())
        wait_until_ready(again.part(), process)
        assert again.url() == server.url()
        assert not again.ensure_database()
        assert query(again.url(), "SELECT word FROM kept") == "голубь"
        stop(again.part(), process, 10)
    finally:
        remove_with_folder(tmp_path)


def test_postgres_folds_cyrillic_whatever_the_host(tmp_path: Path) -> None:
    with running_postgres(tmp_path / "state") as url:
        assert query(url, "SELECT lower('ПРИВЕТ Ё')") == "привет ё"
        assert query(url, "SELECT current_setting('TimeZone')") == "UTC"


def test_postgres_asks_for_its_password(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as url, pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace("golub:", "golub:wrong"))


def test_valkey_keeps_queued_work_over_kill_9(tmp_path: Path) -> None:
    server = prepare_valkey(tmp_path)
    process = start(server.part())
    wait_until_ready(server.part(), process)
    redis.Redis.from_url(server.url).rpush("queue", *range(100))
    process.kill()
    process.wait()
    again = prepare_valkey(tmp_path)
    process = start(again.part())
    wait_until_ready(again.part(), process)
    connection = redis.Redis.from_url(server.url)
    assert connection.llen("queue") == 100
    assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    stop(again.part(), process, 10)


def test_valkey_asks_for_its_password(tmp_path: Path) -> None:
    with running_valkey(tmp_path) as url, pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url("redis://" + url.rpartition("@")[2]).ping()


def test_servers_end_with_a_killed_test_run(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom launcher.embedded import running_servers\n"
        "with running_servers(Path(sys.argv[1])) as (database_url, redis_url):\n"
        "    print(database_url, redis_url, flush=True)\n    time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    ports = [int(url.rpartition(":")[2].partition("/")[0]) for url in owner.stdout.readline().split()]
    assert len(ports) == 2
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_until(lambda: all(is_free(port) for port in ports))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another account")
def test_root_leaves_no_database_behind(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as url:
        pid = query(url, "SELECT pg_backend_pid()")
        home = Path(str(query(url, "SHOW data_directory"))).parent
        assert home.parent == nobody.ROOM
        assert (home / "pgdata").is_dir()
        assert (home / "pgdata").stat().st_mode & 0o077 == 0
    assert not home.exists()
    assert isinstance(pid, int)
    assert not is_running(pid)
