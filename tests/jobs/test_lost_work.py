"""Work that nobody would do: wake-ups lost with Valkey, workers that die of it, and runs that leave no turn."""

from __future__ import annotations

import io
import os
import re
import signal
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from mailer import queue
from mailer.clients.importing import job as importing
from mailer.clients.importing import staging
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs import ticking
from mailer.jobs.workers import run_worker
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client
from mailer.models.client_import import ClientImport, ImportState
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.queue import ACCOUNTS, IMPORTS, MAILINGS
from mailer.sending.runs.next_run import set_next_run
from mailer.smtp.testserver import Lab
from tests.clients.conftest import form_on
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_user
from tests.jobs.test_jobs import running, work_off
from tests.waiting import wait_until


@pytest.fixture
def queued(as_owner: Browser) -> int:
    """An import that its owner has started."""
    answer = as_owner.post("/clients/import/", data={"file": (io.BytesIO(b"email\na@example.test\n"), "a.csv")})
    as_owner.post(answer.location, data=form_on(as_owner.get(answer.location).text))
    db.session.expire_all()
    found = db.session.scalars(select(ClientImport)).one()
    assert found.state is ImportState.QUEUED
    return found.id


def state_of(import_id: int) -> ImportState:
    db.session.rollback()
    return db.session.scalars(select(ClientImport.state).where(ClientImport.id == import_id)).one()


def age(import_id: int) -> None:
    """A minute passes for it."""
    then = utcnow() - timedelta(minutes=1)
    started_at = func.least(ClientImport.started_at, then)
    db.session.execute(update(ClientImport).values(created_at=then, started_at=started_at))
    db.session.commit()


def test_what_waited_in_a_lost_queue_is_done_all_the_same(app: Flask, web: Browser, queued: int) -> None:
    """One of each kind of job there is."""
    with Lab() as lab:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{lab.port}"
        sender = make_user()
        make_client(sender)
        mailing = make_mailing(sender, starts_local=utcnow().replace(tzinfo=None), timezone="UTC")
        set_next_run(mailing, utcnow() - timedelta(seconds=1))
        db.session.commit()
        web.post("/forgot", data={"email": sender.email})
        ticking.run_tick()
        assert all(queue.queue(name).count for name in (ACCOUNTS, IMPORTS, MAILINGS))
        queue.connection().flushdb()
        age(queued)
        ticking.run_tick()
        work_off(ACCOUNTS, IMPORTS, MAILINGS)
        assert len(lab.accepted) == 1
    assert state_of(queued) is ImportState.DONE
    assert db.session.scalars(select(Run.state)).one() is RunState.COMPLETE
    assert db.session.scalars(select(AccountEmail.try_count)).all() == [1]


def test_an_import_gets_its_turn_beside_a_run_that_goes_on_and_on(
    app: Flask, owner: User, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_SECONDS", "0.5")
    sender = make_user()
    for _number in range(300):
        make_client(sender)
    queue.queue(IMPORTS).empty()  # type: ignore[no-untyped-call]
    with Lab() as lab:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{lab.port}?connections=1"
        lab.obey("DOT -> accept; delay 1; 250 2.0.0 Ok")
        mailing = make_mailing(sender, starts_local=utcnow().replace(tzinfo=None), timezone="UTC")
        set_next_run(mailing, utcnow() - timedelta(seconds=1))
        db.session.commit()
        ticking.run_tick()
        with running(app, "worker", "mailings"):
            wait_until(lambda: lab.accepted)
            queue.enqueue(queue.IMPORT_CLIENTS, queued)
            wait_until(lambda: state_of(queued) is ImportState.DONE)
            assert db.session.scalars(select(Run.state)).one() is RunState.SENDING


def test_an_import_that_kills_its_workers_ends_with_a_word(
    as_owner: Browser, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: Any, **_values: Any) -> None:
        # As the kernel ends who takes all the memory.
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(staging, "merge", die)
    for _try in range(importing.MOST_TRIES):
        assert state_of(queued) in (ImportState.QUEUED, ImportState.RUNNING)
        run_worker(MAILINGS, burst=True)
        age(queued)
        ticking.wake_imports()
    run_worker(MAILINGS, burst=True)
    assert state_of(queued) is ImportState.FAILED
    assert db.session.scalar(select(func.count(Client.id))) == 0
    page = as_owner.get(f"/clients/import/{queued}").text
    assert re.search(r"пять раз", page)
    ticking.wake_imports()
    assert queue.queue(IMPORTS).count == 0
