"""The whole service as `make run` starts it, and an outside mail server for it to meet."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg2

from mailer.smtp.lab.ledger import Accepted, read_ledger
from tests.conftest import ROOT

# What would point the service at the servers of the test run, or at anybody's mail server.
FOREIGN = ("MAIL", "COV", "DATABASE", "REDIS", "PYTEST", "TEST_", "VAR_DIR", "SITE_URL", "SECRET_KEY")


@dataclass
class Service:
    """A running Golub."""

    site: str
    mail_page: str  # of its own mail catcher; empty in front of an outside server
    database_url: str
    redis_url: str
    var_dir: Path
    ledger: Path | None = None  # of the outside mail server

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the service's own database."""
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def mails(self, recipient: str = "") -> list[dict[str, Any]]:
        """Mails in the catcher, newest first."""
        with urlopen(f"{self.mail_page}api/mails?to={recipient}") as answer:
            mails: list[dict[str, Any]] = json.load(answer)["mails"]
        return mails

    def mail_to(self, recipient: str) -> dict[str, Any]:
        """The one mail that the catcher has for somebody, taken apart."""
        (mail,) = self.mails(recipient)
        with urlopen(f"{self.mail_page}api/mails/{mail['id']}") as answer:
            decoded: dict[str, Any] = json.load(answer)
        return decoded

    def accepted(self) -> list[Accepted]:
        """What the outside mail server has taken."""
        assert self.ledger is not None
        return list(read_ledger(self.ledger))

    def flask(self, *words: str) -> str:
        """Run a `flask` command beside the service, telling it nothing but where its state lies."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        command = [str(Path(sys.executable).with_name("flask")), *words]
        environment["VAR_DIR"] = str(self.var_dir)
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    def account(self, role: str) -> tuple[str, str]:
        """Address and password of a sample account."""
        accounts = json.loads((self.var_dir / "accounts.json").read_text())
        account = next(account for account in accounts if account["role"] == role)
        return account["email"], account["password"]


@contextmanager
def running_service(var_dir: Path, **settings: str) -> Iterator[Service]:
    """Start everything as `make run` does, and stop it as a service manager does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment |= {"VAR_DIR": str(var_dir), "PORT": str(free_port())} | settings
    log = var_dir.with_suffix(".log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "launcher"], cwd=ROOT, env=environment, stdout=file, stderr=file
        )
    try:
        wait_until(lambda: "Ctrl+C" in log.read_text() or process.poll() is not None, 120, log.read_text)
        assert process.poll() is None, log.read_text()
        running = json.loads((var_dir / "running.json").read_text())
        with urlopen(f"{running['SITE_URL']}/health") as answer:
            assert answer.status == 200
        mail_page = running.get("MAIL_PAGE_URL", "")
        yield Service(running["SITE_URL"], mail_page, running["DATABASE_URL"], running["REDIS_URL"], var_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def running_outside_server(folder: Path, rules: str) -> Iterator[tuple[int, Path]]:
    """A mail server in a process of its own: its port and the ledger of what it took."""
    ledger, rule_file = folder / "ledger.jsonl", folder / "rules.txt"
    rule_file.write_text(rules)
    command = [
        sys.executable,
        "-m",
        "mailer.smtp.lab",
        "--no-fsync",
        "--ledger",
        str(ledger),
        "--rules",
        str(rule_file),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), ledger
    finally:
        process.terminate()
        process.wait(timeout=15)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = 60, told: Callable[[], object] = str) -> None:
    """Poll until it holds; if it never does, say what `told` finds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not happen: {told()}"
        time.sleep(0.1)
