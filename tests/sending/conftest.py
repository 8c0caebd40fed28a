"""A real mail server that misbehaves on request, and a run to send."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.delivery import Delivery
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.conftest import ROOT
from tests.factories import make_client, make_due_run


@pytest.fixture
def lab(app: Flask, tmp_path: Path) -> Iterator[Lab]:
    """The mail server of this test; time-outs are scaled down, and no probe comes by itself."""
    with Lab(keep_content=True) as server:
        scaled = "connections=4&probe_after=30&probe_at_most=60&rcpt=1&dot=1&data=1&greeting=1"
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?{scaled}"
        yield server


@pytest.fixture
def make_run(owner: User) -> Callable[..., Run]:
    """A run, due now, of a mailing to people at the given addresses."""

    def make(*emails: str, **values: object) -> Run:
        return make_due_run(owner, [make_client(owner, email=email) for email in emails], **values)

    return make


def finish(run: Run, seconds: float = 20) -> Run:
    """Send in this process until nothing is due, and give the run as it then is."""
    run_id = run.id
    while work_on_run(run_id, seconds):
        pass
    return db.session.get_one(Run, run_id, populate_existing=True)


def let_time_pass() -> None:
    """As if every retry and the next probe of the server were due now."""
    db.session.execute(text("UPDATE deliveries SET retry_at = now() WHERE retry_at IS NOT NULL"))
    db.session.execute(text("UPDATE slices SET ready_at = now() WHERE ready_at IS NOT NULL"))
    db.session.execute(text("UPDATE mail_servers SET probe_at = now() WHERE probe_at IS NOT NULL"))
    db.session.commit()


def states(run: Run) -> dict[str, str]:
    """State of each delivery by address."""
    rows = db.session.execute(select(Delivery.email, Delivery.state).where(Delivery.run_id == run.id))
    return {email: state.value for email, state in rows}


def attempts(run: Run) -> list[Attempt]:
    """All attempts, in order."""
    query = select(Attempt).where(Attempt.run_id == run.id).order_by(Attempt.position, Attempt.number)
    return list(db.session.scalars(query))


def assert_adds_up(run: Run) -> None:
    """The run's figures equal its rows."""
    db.session.refresh(run)
    rows = db.session.execute(
        select(Delivery.state, func.count()).where(Delivery.run_id == run.id).group_by(Delivery.state)
    )
    counted = dict.fromkeys(run.counts, 0)
    for state, count in rows:
        counted[state.counter] += count
    assert counted == run.counts
    assert sum(counted.values()) == run.planned_count
    successful = sum(attempt.is_successful for attempt in attempts(run))
    assert (run.successful_attempt_count, run.failed_attempt_count) == (successful, len(attempts(run)) - successful)


WORKER = """
import json, sys
from config import TestingConfig
from mailer import create_app
from mailer.sending.worker.run_worker import work_on_run
app = create_app(TestingConfig(**json.loads(sys.argv[1])))
with app.app_context():
    while work_on_run(int(sys.argv[2]), 60.0):
        pass
"""


@pytest.fixture
def start_worker(app: Flask) -> Callable[[Run], subprocess.Popen[bytes]]:
    """Start a process of its own that sends the run."""

    def start(run: Run) -> subprocess.Popen[bytes]:
        settings = {
            "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
            "REDIS_URL": app.config["REDIS_URL"],
            "VAR_DIR": app.config["VAR_DIR"],
            "SITE_URL": app.config["SITE_URL"],
            "MAILINGS_SMTP_URL": app.config["MAILINGS_SMTP_URL"],
            "LEASE_SECONDS": "1",
        }
        return subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(settings), str(run.id)], cwd=ROOT)

    return start
