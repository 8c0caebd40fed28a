"""Processes that die, sleep and are told to go, amid a run."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailer.clock import database_now
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.mailing import InDoubtRule
from mailer.models.run import Run, RunState
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.faults.conftest import LEASE_SECONDS, carry_on, outcomes, smtp_url
from tests.faults.worker_processes import SOON, WorkerProcess
from tests.sending.conftest import attempts, let_time_pass
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
StartWorker = Callable[..., WorkerProcess]


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.faults)])
def test_workers_killed_at_random(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, seed: random.Random, kills: int
) -> None:
    count = 500 * kills
    lab.obey(
        "RCPT 3% -> 451 4.3.0 Later\nRCPT 2% -> 550 5.1.1 No such user\nDOT 5% -> accept; delay 0.02; 250 2.0.0 Ok"
    )
    run = make_run(count)
    workers = [start_worker(run), start_worker(run)]

    def has_begun_or_ended(least: int) -> bool:
        return lab.content_count >= least or not any(worker.is_alive for worker in workers)

    for number in range(1, kills + 1):
        wait_until(partial(has_begun_or_ended, number * count // (kills + 2)))
        time.sleep(seed.random() * 0.05)
        victim = seed.choice([worker for worker in workers if worker.is_alive] or workers)
        victim.kill()
        workers.remove(victim)
        workers.append(start_worker(run))
    run = carry_on(run)

    assert run.uncertain_count <= kills * 4  # at most the open transactions of each
    assert run.accepted_count + run.refused_count + run.uncertain_count == count
    assert run.state is RunState.INCOMPLETE if run.uncertain_count else RunState.COMPLETE_WITH_REFUSALS


VICTIM = "c3@example.test"
POINTS = {
    # the rule that holds the server there; copies afterwards; state of the victim under "hold"
    "not connected": ("GREETING -> delay 30", 1, "accepted"),
    "after MAIL": ("MAIL -> delay 30", 1, "accepted"),
    "after RCPT": (f"RCPT {VICTIM} -> delay 30", 1, "accepted"),
    "after DATA": (f"DATA {VICTIM} -> delay 30", 1, "accepted"),
    "amid content": (f"CONTENT {VICTIM} -> delay 30", 0, "uncertain"),
    "after the dot": (f"DOT {VICTIM} -> delay 30", 0, "uncertain"),
    "before the reply": (f"DOT {VICTIM} -> accept; delay 30", 1, "uncertain"),
}


def reached(lab: Lab, point: str) -> Callable[[], bool]:
    """Tell whether the server stands at the point."""
    words = {"not connected": "", "after MAIL": "MAIL", "after RCPT": "RCPT", "after DATA": "DATA"}
    if point not in words:
        return lambda: any(is_flagged(3))
    return lambda: lab.connection_count > 0 and (not words[point] or said(lab, words[point]))


def said(lab: Lab, verb: str) -> bool:
    """Whether the server has been told `verb` about the victim."""
    about = f"RCPT TO:<{VICTIM}>"
    lines = lab.trace or []
    if verb == "MAIL":
        return any(line.startswith("MAIL") for line in lines)
    return about in lines


def is_flagged(position: int) -> list[bool]:
    """Whether the content of that position's mail may be on its way."""
    db.session.rollback()
    rows = db.session.scalars(text("SELECT marked FROM slices WHERE marked IS NOT NULL")).all()
    db.session.rollback()
    return [row[position - 1] == "1" for row in rows]


@pytest.mark.parametrize("rule", list(InDoubtRule))
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_known_point(
    app: Flask,
    lab: Lab,
    make_run: MakeRun,
    start_worker: StartWorker,
    point: str,
    rule: InDoubtRule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behaviour, copies, state = POINTS[point]
    lab.trace = []
    lab.obey(behaviour)
    monkeypatch.setitem(app.config, "LEASE_SECONDS", 0.5)
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "connections=1"))
    run = make_run(6, in_doubt_rule=rule)
    worker = start_worker(run)
    wait_until(reached(lab, point))
    time.sleep(0.05)
    worker.kill()
    lab.obey("")
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab))
    run = carry_on(run)

    is_resent = state == "uncertain" and rule is InDoubtRule.RESEND
    assert lab.count(VICTIM) == copies + is_resent
    assert outcomes(run) == {"accepted": 6} if is_resent or state == "accepted" else {"accepted": 5, "uncertain": 1}
    assert run.uncertain_count == (0 if is_resent else state == "uncertain")


def test_killed_between_the_reply_and_its_record(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.obey(f"DOT {VICTIM} -> accept; delay 0.5; 250 2.0.0 Ok")
    monkeypatch.setitem(app.config, "LEASE_SECONDS", 0.5)
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "connections=1"))
    run = make_run(6)
    worker = start_worker(run)
    wait_until(lambda: lab.count(VICTIM) == 1)
    with db.engine.connect() as other:
        other.execute(text("SELECT 1 FROM slices FOR UPDATE"))  # the record has to wait, the reply comes
        time.sleep(1)
        worker.kill()
    run = carry_on(run)
    assert outcomes(run) == {"accepted": 5, "uncertain": 1}
    assert lab.count(VICTIM) == 1


def test_killed_after_the_record(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.obey("DOT c4@example.test -> delay 30")
    monkeypatch.setitem(app.config, "LEASE_SECONDS", 0.5)
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "connections=1"))
    run = make_run(6)
    worker = start_worker(run)
    wait_until(lambda: any(is_flagged(4)) and len(attempts(run)) == 3)
    worker.kill()
    lab.obey("")
    run = carry_on(run)
    assert outcomes(run) == {"accepted": 5, "uncertain": 1}
    assert lab.count(VICTIM) == 1


def test_the_first_try_and_the_resend_both_killed(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.obey(f"DOT {VICTIM} -> accept; delay 30")
    monkeypatch.setitem(app.config, "LEASE_SECONDS", 0.5)
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "connections=1"))
    run = make_run(6, in_doubt_rule=InDoubtRule.RESEND)

    def has_copies(count: int) -> bool:
        return lab.count(VICTIM) == count

    for copies in (1, 2):
        worker = start_worker(run)
        wait_until(partial(has_copies, copies))
        worker.kill()
        wait_for_lease()
        work_on_run(run.id, 5)  # finds the doubt, sends to the others
        let_time_pass()
    lab.obey("")
    run = carry_on(run)
    assert outcomes(run) == {"accepted": 5, "uncertain": 1}
    assert lab.count(VICTIM) == 2
    contents = {(record.message_id, record.size) for record in lab.accepted if record.recipient == VICTIM}
    assert len(contents) == 1  # the same mail; only its date is that of each hand-over


def wait_for_lease() -> None:
    """Until no lease is alive."""

    def is_free() -> bool:
        db.session.rollback()
        return not db.session.scalar(text("SELECT count(*) FROM slices WHERE leased_until > now()"))

    wait_until(is_free)


def test_a_worker_that_slept_beyond_its_lease_writes_nothing(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker
) -> None:
    lab.obey("DOT 20% -> accept; delay 0.05; 250 2.0.0 Ok")
    run = make_run(1500)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 200)
    worker.send(signal.SIGSTOP)
    time.sleep(LEASE_SECONDS + 0.3)
    other = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 700)
    worker.send(signal.SIGCONT)
    assert other.wait() == 0
    assert worker.wait() == 0
    run = carry_on(run)
    assert run.accepted_count + run.uncertain_count == 1500
    assert run.uncertain_count <= 4


def test_told_to_go_ten_times_in_a_row_nothing_is_in_doubt(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker
) -> None:
    run = make_run(3000)

    def has_sent_or_ended(horse: WorkerProcess, least: int) -> bool:
        return len(lab.accepted) >= least or not horse.is_alive

    for number in range(1, 11):
        worker = start_worker(run)
        wait_until(partial(has_sent_or_ended, worker, number * 250))
        if worker.is_alive:
            began = time.monotonic()
            worker.send(signal.SIGTERM)
            assert os.waitstatus_to_exitcode(worker.wait()) in (0, 143, -15)  # -15: nothing was in hand
            assert time.monotonic() - began < SOON
    run = carry_on(run)
    assert run.state is RunState.COMPLETE
    assert len(lab.accepted) == 3000


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_host_whose_clock_is_two_hours_off_is_set_right_by_the_database(
    lab: Lab, make_run: MakeRun, start_worker: StartWorker, hours: int
) -> None:
    lab.obey("RCPT c1?@example.test x10 -> 451 4.7.1 Greylisted\nDOT -> accept; delay 0.003; 250 2.0.0 Ok")
    run = make_run(600)
    before = database_now()
    db.session.rollback()
    workers = [start_worker(run, clock_off=timedelta(hours=hours)), start_worker(run)]
    for worker in workers:
        assert worker.wait() == 0
    after = database_now()
    assert outcomes(run) == {"accepted": 590, "deferred": 10}  # put off for a minute, not for two hours, nor for none
    tries = attempts(run)
    assert len(tries) == 600
    second = timedelta(seconds=1)
    assert all(before - second < each.started_at <= each.finished_at < after + second for each in tries)
    retries = db.session.scalars(select(Delivery.retry_at).where(Delivery.state == "deferred")).all()
    assert all(retry_at and before < retry_at < after + timedelta(minutes=1, seconds=1) for retry_at in retries)
    run = carry_on(run)
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 600)
