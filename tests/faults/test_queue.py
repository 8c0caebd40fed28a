"""Real workers of RQ, with wake-ups in heaps, a Redis that forgets, and people at the command line."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import OutOfMemoryError
from sqlalchemy import select, text

from mailer import queue
from mailer.extensions import db
from mailer.jobs import ticking
from mailer.models.run import Run, RunState
from mailer.queue import SEND_RUN
from mailer.smtp.testserver import Lab
from tests.faults.conftest import carry_on
from tests.faults.worker_processes import SOON, has_accepted
from tests.jobs.test_jobs import running
from tests.waiting import wait_until

MakeRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def short_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the processes: what they inherit."""
    for name, value in {"LEASE_SECONDS": "4", "JOB_SECONDS": "0.5", "SLICE_SIZE": "100"}.items():
        monkeypatch.setenv(name, value)


def state_of(run_id: int) -> RunState | None:
    """Where the run stands now."""
    db.session.rollback()
    found = db.session.scalar(select(Run.state).where(Run.id == run_id))
    db.session.rollback()
    return found


@pytest.mark.parametrize(
    ("wake_ups", "workers", "count"), [(200, 3, 1500), pytest.param(1000, 8, 10_000, marks=pytest.mark.faults)]
)
def test_wake_ups_in_heaps_a_forgetful_redis_and_people_at_the_command_line(
    app: Flask, lab: Lab, make_run: MakeRun, wake_ups: int, workers: int, count: int
) -> None:
    lab.obey("DOT -> accept; delay 0.003; 250 2.0.0 Ok")
    run_id = make_run(count).id
    with ExitStack() as stack:
        for _number in range(wake_ups):
            queue.enqueue(SEND_RUN, run_id)
        for _number in range(workers):
            stack.enter_context(running(app, "worker", "mailings"))
        for _number in range(3 if workers == 3 else 5):
            stack.enter_context(running(app, "send-mailings"))
        for number in range(1, 4):
            wait_until(partial(has_accepted, lab, number * count // 5))
            queue.connection().flushdb()
            ticking.run_tick()
        wait_until(lambda: ticking.run_tick() or state_of(run_id) is RunState.COMPLETE)  # type: ignore[func-returns-value]
    assert len(lab.accepted) == count


def test_a_worker_told_to_go_is_gone_in_two_seconds_and_leaves_nothing_in_doubt(
    app: Flask, lab: Lab, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_SECONDS", "60")
    lab.obey("DOT -> accept; delay 0.05; 250 2.0.0 Ok")
    run = make_run(2000)
    queue.enqueue(SEND_RUN, run.id)
    with running(app, "worker", "mailings") as worker:
        wait_until(lambda: len(lab.accepted) >= 50)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=SOON) == 0
        assert time.monotonic() - began < SOON
    at_end = len(lab.accepted)
    db.session.refresh(run)
    assert (run.accepted_count, run.uncertain_count) == (at_end, 0)
    assert db.session.scalar(text("SELECT count(*) FROM slices WHERE lease_token IS NOT NULL")) == 0
    assert queue.waiting(SEND_RUN)[run.id] == 2  # its own, for whoever goes on, and the second worker's
    db.session.rollback()
    time.sleep(0.1)
    assert len(lab.accepted) == at_end  # no worker runs on by itself
    lab.obey("")
    assert carry_on(run).state is RunState.COMPLETE


def test_send_mailings_obeys_a_signal(app: Flask, lab: Lab, make_run: MakeRun) -> None:
    lab.obey("DOT -> accept; delay 0.05; 250 2.0.0 Ok")
    run = make_run(500)
    with running(app, "send-mailings") as command:
        wait_until(lambda: len(lab.accepted) >= 30)
        command.send_signal(signal.SIGTERM)
        assert command.wait(timeout=SOON) == 143
    db.session.refresh(run)
    assert (run.accepted_count, run.uncertain_count) == (len(lab.accepted), 0)
    lab.obey("")
    assert carry_on(run).state is RunState.COMPLETE


def test_a_full_redis_keeps_nobody_from_the_mail_that_is_under_way(app: Flask, lab: Lab, make_run: MakeRun) -> None:
    lab.obey("DOT -> accept; delay 0.005; 250 2.0.0 Ok")
    run_id = make_run(1000).id
    with running(app, "worker", "mailings") as worker:
        queue.enqueue(SEND_RUN, run_id)
        wait_until(lambda: len(lab.accepted) >= 100)
        with full(queue.connection()):
            assert not queue.enqueue(SEND_RUN, run_id)  # a person's click, say: no error, only no wake-up
            ticking.run_tick()
            reached = len(lab.accepted)
            wait_until(lambda: len(lab.accepted) > reached)  # who is at it goes on
            time.sleep(1.0)
        wait_until(lambda: worker.poll() is not None or ticking.run_tick() or state_of(run_id) is RunState.COMPLETE)  # type: ignore[func-returns-value]
    with running(app, "worker", "mailings"):  # as the launcher does when one has ended
        wait_until(lambda: ticking.run_tick() or state_of(run_id) is RunState.COMPLETE)  # type: ignore[func-returns-value]
    assert len(lab.accepted) == 1000


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    """A server without room for another byte; it refuses every write."""
    redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(OutOfMemoryError):
            redis.set("room", "none")
        yield
    finally:
        redis.config_set("maxmemory", "0")
