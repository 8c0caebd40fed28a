"""The one command itself: the whole service, started, used and stopped."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from launcher.databases import remove_with_folder
from launcher.part import CHECKOUT
from tests.launcher.toys import is_running
from tests.waiting import wait_until

OWN_SETTINGS = ("DATABASE_URL", "REDIS_URL", "MAIL_SERVER", "SITE_URL", "SECRET_KEY", "TRUSTED_HOSTS")


class Run:
    """A running `python -m launcher` with its own state folder."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.environment = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
        self.environment |= {"VAR_DIR": str(var_dir), "PORT": "25000", "WORKERS": "1"}
        self.log = var_dir.parent / "run.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher"], cwd=CHECKOUT, env=self.environment, stdout=log, stderr=log
            )

    def wait_until_up(self) -> None:
        """The line of Ctrl+C comes when everything has reported for work."""
        wait_until(lambda: "Ctrl+C" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.var_dir / "running.json").read_text())
        return found

    def health(self) -> int:
        with urllib.request.urlopen(self.addresses["SITE_URL"] + "/health", timeout=10) as answer:
            return int(answer.status)

    @property
    def pids(self) -> list[int]:
        """Of all parts, as noted for the start after a kill."""
        return [note["pid"] for note in json.loads((self.var_dir / "parts.json").read_text())]

    def pid_of(self, command: str) -> int:
        return next(pid for pid in self.pids if command in Path(f"/proc/{pid}/cmdline").read_text())

    def end(self) -> None:
        """Stop, and leave nothing behind."""
        self.process.terminate()
        self.process.wait(60)
        remove_with_folder(self.var_dir)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path / "var")
    try:
        run.wait_until_up()
        yield run
    finally:
        run.end()


def is_healthy(run: Run) -> bool:
    try:
        return run.health() == 200
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_service_starts_heals_and_stops(run: Run) -> None:
    assert is_healthy(run)
    with urllib.request.urlopen(run.addresses["SITE_URL"] + "/health", timeout=10) as answer:
        known = json.load(answer)
    assert known["workers"] == {"mailings": 1, "imports": 1, "accounts": 1, "ticks": 1}
    assert known["scheduler_age_seconds"] is not None
    wait_until(lambda: not (run.var_dir / "sample-wanted").exists())
    assert not (run.var_dir / "sample-loading").exists()
    assert len(json.loads((run.var_dir / "accounts.json").read_text())) == 4
    assert stat.S_IMODE(run.var_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((run.var_dir / "running.json").stat().st_mode) == 0o600
    addresses = run.addresses

    flask = [sys.executable, "-m", "flask", "db", "current"]
    beside = subprocess.run(flask, cwd=CHECKOUT, env=run.environment, capture_output=True, text=True, check=False)
    assert "(head)" in beside.stdout, beside.stderr

    run.process.send_signal(signal.SIGHUP)
    wait_until(lambda: (run.var_dir / "logs" / "web-1.old.log").exists())
    assert is_healthy(run)

    pids = [run.pid_of(command) for command in ("launcher.web", "postgres", "valkey-server")]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in pids))
    wait_until(lambda: not set(pids) & set(run.pids) and is_healthy(run))
    with closing(psycopg2.connect(addresses["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'golub'")
        assert cursor.fetchall() == [("golub_app",)], "the site and the workers own nothing"

    pids = run.pids
    began_at = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 0
    assert time.monotonic() - began_at < 30
    assert not any(is_running(pid) for pid in pids)
    assert not (run.var_dir / "running.json").exists()
