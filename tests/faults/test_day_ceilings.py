"""The ceilings of a warm-up, with several processes that send at once and one that is killed amid it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.models.run import Run
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.models.warm_up import WarmUpDay
from mailer.operations import paces, warm_ups
from mailer.sending.warm_up_plan import Plan
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_due_run
from tests.faults.conftest import carry_on
from tests.faults.worker_processes import WorkerProcess, has_accepted
from tests.waiting import wait_until

COUNT, CEILING = 30, 20


@pytest.fixture
def runs(app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Two runs, each to many people of two providers, in small slices; the service's domain is warmed up."""
    monkeypatch.setitem(app.config, "SLICE_SIZE", 7)
    warm_ups.start(warm_ups.service_domain(), Plan(CEILING, 50, 10_000), ["gmail", "mailru"])
    return [
        make_due_run(owner, [make_client(owner, f"{mark}{number}@{domain}") for number in range(COUNT)
                             for domain in ("gmail.com", "bk.ru")])
        for mark in "ab"
    ]  # fmt: skip


def used() -> dict[str, int]:
    db.session.rollback()
    rows = db.session.execute(select(WarmUpDay.name, WarmUpDay.used_count)).all()
    in_hand = db.session.scalars(select(Slice.places).where(Slice.places.is_not(None))).all()
    db.session.rollback()
    assert in_hand == []
    return dict(rows)  # type: ignore[arg-type]


def test_four_workers_at_once_send_just_the_ceiling(
    lab: Lab, runs: list[Run], start_worker: Callable[..., WorkerProcess]
) -> None:
    workers = [start_worker(run) for run in (*runs, *runs)]
    assert [worker.wait(600) for worker in workers] == [0] * 4
    assert used() == {"gmail": CEILING, "mailru": CEILING}
    assert len(lab.accepted) == 2 * CEILING
    db.session.execute(text("UPDATE warm_ups SET ended_at = now()"))
    db.session.commit()
    for run in runs:
        carry_on(run)


def test_a_worker_that_is_killed_costs_the_day_nothing(
    lab: Lab, runs: list[Run], start_worker: Callable[..., WorkerProcess]
) -> None:
    lab.obey("DOT -> delay 0.2; accept; 250 Ok")
    worker = start_worker(runs[0])
    wait_until(lambda: has_accepted(lab, 3))
    worker.kill()
    lab.obey("")
    wait_until(lambda: everybody_waits_for_tomorrow(runs))
    assert used() == {"gmail": CEILING, "mailru": CEILING}
    db.session.execute(text("UPDATE warm_ups SET ended_at = now()"))
    db.session.commit()
    for run in runs:
        carry_on(run)


def everybody_waits_for_tomorrow(runs: list[Run]) -> bool:
    """Send what may still go that day; what the dead one held goes once its lease is over."""
    for run in runs:
        work_on_run(run.id, 1)
    due = "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND reason IS DISTINCT FROM 'warming'"
    return db.session.scalar(text(due)) == 0


def test_two_workers_at_once_keep_a_pace(lab: Lab, owner: User, start_worker: Callable[..., WorkerProcess]) -> None:
    """Each moment is given once, over both."""
    paces.set_rule("gmail", 1)
    people = [make_client(owner, f"p{number}@gmail.com") for number in range(COUNT)]
    runs = [make_due_run(owner, people) for _each in range(2)]
    workers = [start_worker(run) for run in runs]
    assert [worker.wait(600) for worker in workers] == [0, 0]
    moments = db.session.scalars(text("SELECT retry_at FROM deliveries WHERE reason = 'paced' ORDER BY retry_at")).all()
    assert len(moments) + len(lab.accepted) == 2 * COUNT
    assert len(set(moments)) == len(moments)
    paces.end_rule("gmail")
    for run in runs:
        carry_on(run)
