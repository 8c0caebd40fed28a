"""Processes that serve nobody: they do without the website, and nothing they do is the poorer for it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mailer import queue
from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.home.figures import service_figures
from mailer.models.user import User
from mailer.queue import SEND_RUN
from mailer.sending.runs.start import start_due
from mailer.sending.worker.run_worker import runs_with_work
from mailer.smtp.testserver import Lab
from tests.conftest import ROOT
from tests.jobs.test_jobs import due_mailing, environment, flask, running
from tests.waiting import wait_until

FRONT = {"mailer.website", "mailer.admin", "mailer.cli", "mailer.home.views", "mailer.selftest", "mailer.blog.markdown"}
HEAVY = {"flask_admin", "flask_migrate", "alembic", "PIL", "markdown_it", "argon2", "segno"}
MACHINE = {"mailer.sending.worker.sender", "mailer.composing.email", "mailer.smtp.pool", "sqlalchemy", "redis"}


@pytest.fixture
def lab(app: Flask) -> Iterator[Lab]:
    """The mail server that mailings go to."""
    with Lab() as server:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?connections=2"
        yield server


@contextmanager
def told(app: Flask, notes: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`flask …` beside the test, which notes everything that it and its children import."""
    command = [sys.executable, "-X", "importtime", "-m", "flask", *words]
    with notes.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(app), stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def imported(notes: Path) -> set[str]:
    """The names of the modules."""
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", notes.read_text(), re.MULTILINE))


def test_send_mailings_imports_no_front(app: Flask, owner: User, lab: Lab, tmp_path: Path) -> None:
    due_mailing(owner)
    with told(app, tmp_path / "notes", "send-mailings") as process:
        assert process.wait(60) == 0
    assert len(lab.accepted) == 3
    names = imported(tmp_path / "notes")
    assert names >= MACHINE
    assert not names & (FRONT | HEAVY)


def test_a_worker_of_mailings_and_its_work_horse_import_no_front(
    app: Flask, owner: User, lab: Lab, tmp_path: Path
) -> None:
    due_mailing(owner)
    start_due()
    (waiting,) = runs_with_work()
    queue.enqueue(SEND_RUN, waiting.run_id)
    with told(app, tmp_path / "notes", "worker", "mailings") as process:
        wait_until(lambda: len(lab.accepted) == 3)
        process.terminate()
        assert process.wait(30) == 0
    names = imported(tmp_path / "notes")
    assert names >= MACHINE
    assert not names & (FRONT | HEAVY)


def test_every_other_command_has_the_whole_house(app: Flask, tmp_path: Path) -> None:
    with told(app, tmp_path / "notes", "routes") as process:
        assert process.wait(60) == 0
    assert imported(tmp_path / "notes") >= FRONT | HEAVY
    commands = flask(app, "--help").stdout
    for name in ("db", "create-user", "journal", "self-test", "worker", "scheduler", "send-mailings"):
        assert re.search(rf"^  {name} ", commands, re.MULTILINE), name


def test_every_account_mail_can_be_written_without_the_front(
    app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PORT", str(lab.port))
    folders = sorted(path.name for path in (Path(app.root_path) / "templates" / "mail").iterdir() if path.is_dir())
    values: dict[str, Any] = {"lines": "late", "link": "http://golub.test/", "granted": "oversee,set-limits"}
    values |= {"subject": "Confirm", "text": "Hello", "sender": "A shop", "form": "On the site", "count": 2}
    values |= {"new_email": "n…@golub.test", "account": "person@golub.test"}
    rows = [outbox.add(name, "person@golub.test", "ru", **values) for name in folders]
    db.session.commit()
    outbox.wake(*rows)
    with running(app, "worker", "accounts"):
        wait_until(lambda: len(lab.accepted) == len(folders))
    assert len(folders) > 20


def test_a_process_without_the_front_tells_the_remembered_figures(app: Flask, owner: User, lab: Lab) -> None:
    due_mailing(owner)
    assert service_figures()["active_mailings"] == 1
    done = flask(app, "send-mailings")
    assert done.returncode == 0, done.stderr
    assert service_figures()["active_mailings"] == 0, "the mailing is over, and the page need not wait to say so"
