"""The stage for faults: a mail server that keeps books, runs of any size, processes to kill, and one common check."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from psycopg2.errors import DeadlockDetected
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from mailer.extensions import db
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.factories import add_clients, make_due_run
from tests.faults.ledgers import assert_nobody_lost
from tests.faults.worker_processes import WorkerProcess
from tests.sending.conftest import let_time_pass

BREAKER = "probe_after=0.2&probe_at_most=0.5&creep=1&quit=1"
# For servers that say nothing: a sound one must never be too slow, however busy the machine of the tests is.
SHORT_TIMEOUTS = "connect=2&greeting=1&ehlo=1&mail=1&rcpt=1&data=1&dot=1&block=1"
LEASE_SECONDS = 2.0


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[random.Random]:
    """Chance that can be repeated: `SEED=7 pytest …` (shown with every failure)."""
    number = int(os.environ.get("SEED", "1"))
    print(f"SEED={number}")
    yield random.Random(number)


@pytest.fixture
def lab(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The mail server, probed soon after a fault; leases are two seconds."""
    with Lab() as server:
        monkeypatch.setitem(app.config, "LEASE_SECONDS", LEASE_SECONDS)
        monkeypatch.setitem(app.config, "SLICE_SIZE", 100)
        monkeypatch.setitem(app.config, "JOB_SECONDS", 1.0)
        monkeypatch.setitem(app.config, "MAILINGS_CONNECTIONS", 4)
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(server))
        yield server


def smtp_url(lab: Lab, options: str = "") -> str:
    """The address of the lab; later options win."""
    return f"smtp://127.0.0.1:{lab.port}?{BREAKER}&{options}".rstrip("&")


@pytest.fixture(autouse=True)
def nobody_is_lost(app: Flask, lab: Lab) -> Iterator[None]:
    """After every test each run is held against the server's ledger, and nobody has met a deadlock, worker or page."""
    before = deadlock_count()
    yield
    assert deadlock_count() <= before  # a crash of PostgreSQL forgets them
    for run in db.session.scalars(select(Run)).all():
        assert_nobody_lost(run, lab, 2 if run.reopened_at is None else 3)


def deadlock_count() -> int:
    """How many there were, as far as those who met them have said so: at the end of their connection at the latest."""
    db.session.rollback()
    query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    count = db.session.scalar(query) or 0
    db.session.rollback()
    return int(count)


@pytest.fixture
def make_run(owner: User) -> Callable[..., Run]:
    """A run, due now, of a mailing to `count` people c1@example.test …"""

    def make(count: int, whose: User | None = None, **values: Any) -> Run:
        add_clients(whose or owner, count)
        return make_due_run(whose or owner, **values)

    return make


@pytest.fixture
def start_worker(app: Flask) -> Iterator[Callable[..., WorkerProcess]]:
    """Start a process that sends a run; whatever still lives at the end is killed."""
    workers: list[WorkerProcess] = []

    def start(run: Run, seconds: float = 60.0, clock_off: timedelta = timedelta()) -> WorkerProcess:
        workers.append(WorkerProcess(app, run.id, seconds, clock_off))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


def carry_on(run: Run, seconds: float = 60, *, time_flies: bool = True, stretch: float = 2.0) -> Run:
    """What ticks and workers would do until the run is closed; retries and probes need not be waited for."""
    run_id, end = run.id, time.monotonic() + seconds
    db.session.rollback()
    while True:
        try:
            if time_flies:
                let_time_pass()
                db.session.execute(text("UPDATE recipient_paces SET rests_until = NULL"))  # of providers
                db.session.commit()
            work_on_run(run_id, stretch)
            stop_what_must()
            found = db.session.get_one(Run, run_id, populate_existing=True)
            if found.closed_at is not None:
                return found
            db.session.rollback()
        except OperationalError as error:
            if isinstance(error.orig, DeadlockDetected):
                raise
            db.session.remove()
        assert time.monotonic() < end, "the run does not come to its end"
        time.sleep(0.02)


def outcomes(run: Run) -> dict[str, int]:
    """How many deliveries are in each state."""
    db.session.rollback()
    rows = db.session.execute(
        text("SELECT state, count(*) FROM deliveries WHERE run_id = :run GROUP BY state"), {"run": run.id}
    ).all()
    db.session.rollback()
    return dict(rows)  # type: ignore[arg-type]


def waiting_count() -> int:
    """How many transactions wait for a lock."""
    db.session.rollback()
    found = db.session.scalar(text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"))
    db.session.rollback()
    return found or 0
