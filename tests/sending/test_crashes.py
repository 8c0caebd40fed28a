"""Workers are killed -9 amid a real run: nobody is lost, and whoever is in doubt is flagged."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

from flask import Flask
from sqlalchemy import text

from mailer.extensions import db
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending.runs.closing import resend_uncertain
from mailer.smtp.testserver import Lab
from tests.factories import add_clients
from tests.sending.conftest import assert_adds_up, attempts, finish, states
from tests.waiting import wait_until


def test_kill_9_amid_a_run_loses_nobody_and_flags_the_doubts(
    app: Flask,
    owner: User,
    lab: Lab,
    make_run: Callable[..., Run],
    start_worker: Callable[[Run], subprocess.Popen[bytes]],
) -> None:
    count = 3000
    add_clients(owner, count)
    run = make_run(audience="everyone")
    run_id = run.id
    app.config["LEASE_SECONDS"] = 1
    for killed_at in (300, 1200, 2100):
        worker = start_worker(run)
        wait_until(lambda at=killed_at: len(lab.accepted) >= at)  # type: ignore[misc]
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        time.sleep(1.1)  # the lease of the dead must run out
        run = db.session.get_one(Run, run_id, populate_existing=True)
    run = finish(run)

    assert run.state in (RunState.COMPLETE, RunState.INCOMPLETE)
    assert run.accepted_count + run.uncertain_count == count
    assert_adds_up(run)
    assert run.uncertain_count <= 3 * 4  # at most the open transactions of each kill
    uncertain = {email for email, state in states(run).items() if state == "uncertain"}
    for email, state in states(run).items():
        copies = lab.count(email)
        assert copies == 1 if state == "accepted" else copies <= 1, (email, state, copies)

    resend_uncertain(run)
    db.session.commit()
    run = finish(run)
    assert run.state is RunState.COMPLETE
    assert all(lab.count(email) in ((1, 2) if email in uncertain else (1,)) for email in states(run))


def test_what_was_answered_before_the_kill_keeps_the_servers_words(
    app: Flask,
    lab: Lab,
    make_run: Callable[..., Run],
    start_worker: Callable[[Run], subprocess.Popen[bytes]],
) -> None:
    lab.obey("DOT slow@* -> delay 30; 250 2.0.0 At last\nDOT -> accept; 250 2.0.0 Taken as number 7")
    app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{lab.port}?connections=1&dot=60"
    run = make_run("a@example.test", "b@example.test", "slow@example.test", "d@example.test")
    worker = start_worker(run)
    marked = text("SELECT count(*) FROM slices WHERE marked LIKE '__1%'")

    def is_in_doubt() -> bool:
        db.session.rollback()
        return bool(db.session.scalar(marked))

    wait_until(is_in_doubt)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(1.1)
    lab.obey("")
    app.config["LEASE_SECONDS"] = 1
    run = finish(run)

    assert states(run) == {
        "a@example.test": "accepted",
        "b@example.test": "accepted",
        "slow@example.test": "uncertain",
        "d@example.test": "accepted",
    }
    assert [attempt.response for attempt in attempts(run)][:2] == ["2.0.0 Taken as number 7"] * 2
    assert (lab.count("a@example.test"), lab.count("slow@example.test")) == (1, 0)
    assert_adds_up(run)


def test_sigterm_leaves_nothing_in_doubt(
    app: Flask,
    owner: User,
    lab: Lab,
    make_run: Callable[..., Run],
    start_worker: Callable[[Run], subprocess.Popen[bytes]],
) -> None:
    add_clients(owner, 1500)
    run = make_run(audience="everyone")
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 100)
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=60)

    db.session.expire_all()
    assert db.session.scalar(text("SELECT count(*) FROM slices WHERE lease_token IS NOT NULL")) == 0
    assert run.accepted_count == len(lab.accepted)
    assert run.uncertain_count == 0
    assert finish(run).state is RunState.COMPLETE
    assert len(lab.accepted) == 1500
