"""The whole service as `make run` starts it, and Chromium in front of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from launcher.databases import remove_with_folder
from mailer.smtp.testserver.ledger import Accepted, read_ledger
from tests.conftest import ROOT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.chromium.newcomer import Newcomer

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "three words and a dove"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    if not CHROMIUM.exists():
        message = "no Chromium here: as root `apt-get install chromium` brings it, then run the tests again"
        if os.environ.get("GOLUB_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Service:
    """A running Golub."""

    site: str
    mail_page: str
    database_url: str
    var_dir: Path
    ledger: Path | None = None  # of the outside mail server
    _own: local = field(default_factory=local, repr=False)  # each thread has a connection

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the service's own database."""
        if not hasattr(self._own, "connection"):  # to sign in costs as much as a hundred questions
            self._own.connection = psycopg2.connect(self.database_url)
        with self._own.connection as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def mails(self, recipient: str = "") -> list[dict[str, Any]]:
        """Mails in the catcher, newest first."""
        with urlopen(f"{self.mail_page}api/mails?to={recipient}") as answer:
            mails: list[dict[str, Any]] = json.load(answer)["mails"]
        return mails

    def mail(self, id_: str) -> dict[str, Any]:
        """One caught mail, decoded."""
        with urlopen(f"{self.mail_page}api/mails/{id_}") as answer:
            mail: dict[str, Any] = json.load(answer)
        return mail

    def accepted(self) -> list[Accepted]:
        """What the outside mail server has taken."""
        assert self.ledger is not None
        return list(read_ledger(self.ledger))

    def flask(self, *words: str) -> str:
        """Run a `flask` command beside the service, telling it nothing but where its state lies."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"VAR_DIR": str(self.var_dir), "FLASK_APP": "wsgi.py"}
        command = [sys.executable, "-m", "flask", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@contextmanager
def running_service(var_dir: Path, **settings: str) -> Iterator[Service]:
    """Start everything as `make run` does, and stop it as Ctrl+C does."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAIL", "COV", "DATABASE", "REDIS", "PYTEST"))
    }
    environment |= {"VAR_DIR": str(var_dir), "PORT": str(free_port()), "FLASK_APP": "wsgi.py"} | settings
    log = (var_dir.parent / f"{var_dir.name}.log").open("w")
    process = subprocess.Popen([sys.executable, "-m", "launcher"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: "Ctrl+C" in Path(log.name).read_text() or process.poll() is not None)
        assert process.poll() is None, Path(log.name).read_text()
        wait_until(lambda: not (var_dir / "sample-wanted").exists())  # the site answers before they are in
        running = json.loads((var_dir / "running.json").read_text())
        database = running.get("DATABASE_URL") or settings["DATABASE_URL"]
        yield Service(running["SITE_URL"], running.get("MAIL_PAGE_URL", ""), database, var_dir)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        remove_with_folder(var_dir)


@pytest.fixture(scope="package")
def service(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Golub with its own mail catcher and the sample data."""
    with running_service(tmp_path_factory.mktemp("service") / "var") as found:
        yield found


@contextmanager
def running_outside_server(folder: Path, rules: str) -> Iterator[tuple[int, Path, Path]]:
    """A mail server of its own process: its port, its ledger and the file of its rules."""
    ledger, rule_file = folder / "ledger.jsonl", folder / "rules.txt"
    rule_file.write_text(rules)
    command = [sys.executable, "-m", "mailer.smtp.testserver", "--port", "0", "--no-fsync"]
    process = subprocess.Popen(
        [*command, "--ledger", str(ledger), "--rules", str(rule_file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        number = re.search(r"\d+$", process.stdout.readline().strip())
        assert number
        yield int(number[0]), ledger, rule_file
    finally:
        process.terminate()
        process.wait()


RULES = "RCPT nobody* -> 550 5.1.1 No such user\nRCPT later* -> 451 4.7.1 Greylisted, come back later\n"


@pytest.fixture(scope="package")
def outside(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Golub in front of an outside mail server that refuses some and defers some; leases are short."""
    folder = tmp_path_factory.mktemp("outside")
    with (
        running_outside_server(folder, RULES) as (port, ledger, _rules),
        running_service(folder / "var", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), LEASE_SECONDS="3") as found,
    ):
        found.ledger = ledger
        yield found


@contextmanager
def watched_context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh visitor; what the console complains of fails the test."""
    context = chromium.new_context(locale="ru-RU", timezone_id="Europe/Moscow", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    # No complaints: an answer 4xx to a form, which is shown on the page; and a request given up because the page
    # was left, which htmx writes down as these two. A request that fails is a sendError beside its afterRequest.
    is_harmless = re.compile(r"status of 4\d\d|^htmx:(afterRequest|sendAbort), ").search
    context.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type == "error" and not is_harmless(message.text) else None
        ),
    )
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """The same, for one test."""
    with watched_context(chromium) as found:
        yield found


@pytest.fixture(scope="package")
def newcomer(chromium: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Somebody whose first mailing goes out at the next minute."""
    from tests.chromium.newcomer import begin

    with watched_context(chromium) as found:
        yield begin(found.new_page(), service, tmp_path_factory.mktemp("newcomer"))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One tab."""
    return context.new_page()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def log_in(page: Page, service: Service, email: str, password: str) -> None:
    """Through the form."""
    page.goto(f"{service.site}/login")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/dashboard")


def sample_account(service: Service, role: str) -> tuple[str, str]:
    """Address and password of a sample account."""
    accounts = json.loads((service.var_dir / "accounts.json").read_text())
    account = next(account for account in accounts if account["role"] == role)
    return account["email"], account["password"]


def import_clients(page: Page, service: Service, file: Path) -> None:
    """Upload, look at the preview, start, and wait for the end."""
    page.goto(f"{service.site}/clients/import/")
    page.set_input_files("input[type=file]", file)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/clients/import/*")
    page.fill("[name=consent]", "Asked in the shop")
    page.locator("main form button[type=submit]").last.click()
    page.locator("form[action$='/undo']").wait_for(timeout=120_000)  # the end, shown without a reload


def write_message(page: Page, service: Service, subject: str, html: str) -> None:
    """Fill in the form of a new message and save it."""
    page.goto(f"{service.site}/messages/new")
    page.fill("[name=subject]", subject)
    page.fill("[name=html_body]", html)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/messages/\d+$"))


def schedule(page: Page, service: Service, name: str, start: str) -> None:
    """Save a mailing of the newest message to everyone; ends on its page."""
    page.goto(f"{service.site}/mailings/new")
    page.fill("[name=name]", name)
    page.locator("select[name=message_id]").select_option(index=1)
    page.locator(".calendar-fields > summary").click()
    page.locator("input[type=datetime-local]").first.fill(start)
    page.locator("main form button[type=submit]").last.click()
    page.locator("button[name=confirmed], #mailing-live").first.wait_for()
    if page.locator("button[name=confirmed]").count():  # the start has come: it asks once more
        page.locator("button[name=confirmed]").click()
    page.wait_for_url(re.compile(r"/mailings/\d+$"))
