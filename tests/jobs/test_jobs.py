"""Real RQ workers, rq-scheduler's own loop and the commands, as processes where they are processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import event, func, select

from mailer import queue
from mailer.clock import database_now, utcnow
from mailer.extensions import db
from mailer.jobs import ticking
from mailer.jobs.tasks import tick
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import AccountToken
from mailer.models.client_import import ClientImport
from mailer.models.instance import Instance
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import Role, User
from mailer.queue import ACCOUNTS, IMPORTS, MAILINGS, SEND_RUN, TICK, TICKS
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.worker import run_worker
from mailer.sending.worker.work import TurnReport
from mailer.smtp.testserver import Lab
from tests.conftest import ROOT
from tests.factories import make_client, make_mailing, save
from tests.waiting import wait_until


@pytest.fixture
def lab(app: Flask) -> Iterator[Lab]:
    """The mail server that mailings go to."""
    with Lab(keep_content=True) as server:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?connections=2&probe_after=0.2"
        yield server


def work_off(*names: str, max_jobs: int | None = None) -> None:
    """Let an RQ worker do everything that waits in these queues, or the first few; none of it may fail."""
    redis = queue.own_connection()
    queues = [queue.queue(name, redis) for name in names]
    SimpleWorker(queues, connection=redis, serializer=JSONSerializer).work(
        burst=True, max_jobs=max_jobs, logging_level="WARNING"
    )
    assert [each.failed_job_registry.count for each in queues] == [0] * len(queues)
    db.session.expire_all()


def due_mailing(owner: User, count: int = 3) -> int:
    """A mailing to `count` people whose moment was a second ago."""
    for _number in range(count):
        make_client(owner)
    mailing = make_mailing(owner, period="once", starts_local=(utcnow() - timedelta(seconds=1)).replace(tzinfo=None))
    set_next_run(mailing, utcnow())
    db.session.commit()
    return int(mailing.id)


def test_one_tick_and_one_worker_send_what_is_due(app: Flask, owner: User, lab: Lab) -> None:
    due_mailing(owner)
    queue.enqueue(TICK)
    work_off(TICKS)
    work_off(MAILINGS)

    run = db.session.scalars(select(Run)).one()
    assert run.state is RunState.COMPLETE
    assert len(lab.accepted) == 3


def test_a_lost_wake_up_is_made_good_by_the_next_tick(app: Flask, owner: User, lab: Lab) -> None:
    due_mailing(owner)
    ticking.run_tick()
    queue.connection().flushdb()
    ticking.run_tick()
    work_off(MAILINGS)
    assert db.session.scalars(select(Run)).one().state is RunState.COMPLETE


def test_a_run_whose_worker_died_before_it_could_close_it_is_closed_by_a_tick(
    app: Flask, owner: User, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_mailing(owner)
    ticking.run_tick()
    with monkeypatch.context() as patch:
        patch.setattr("mailer.sending.worker.run_worker.close_if_done", lambda run_id: False)
        work_off(MAILINGS)
    assert db.session.scalars(select(Run)).one().closed_at is None
    ticking.run_tick()
    assert db.session.scalars(select(Run)).one().state is RunState.COMPLETE


def test_doubled_wake_ups_do_no_harm(app: Flask, owner: User, lab: Lab) -> None:
    due_mailing(owner)
    ticking.run_tick()
    run_id = db.session.scalars(select(Run.id)).one()
    for _number in range(50):
        queue.enqueue(SEND_RUN, run_id)
    work_off(MAILINGS)
    assert len(lab.accepted) == 3
    assert db.session.scalars(select(Run)).one().successful_attempt_count == 3


def test_ticks_do_not_pile_up_wake_ups(app: Flask, owner: User) -> None:
    due_mailing(owner)
    for _number in range(20):
        ticking.run_tick()
    assert queue.queue(MAILINGS).count == 1


def test_a_moment_before_the_next_tick_is_met_on_the_dot(
    app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TICK_SECONDS", 20.0)
    soon, late = due_mailing(owner), due_mailing(owner)
    now = database_now()
    for id_, seconds in {soon: 1, late: 100}.items():
        mailing, at = db.session.get_one(Mailing, id_), now + timedelta(seconds=seconds)
        mailing.next_run_at, mailing.next_run_local = at, at.replace(tzinfo=None)
    db.session.commit()
    ticking.run_tick()
    run = db.session.scalars(select(Run)).one()
    assert run.mailing_id == soon
    assert run.created_at >= now + timedelta(seconds=1)  # and not before
    assert queue.waiting(SEND_RUN) == {run.id: 1}


def test_somebody_elses_job_in_the_queue_keeps_nobody_from_being_woken(app: Flask, owner: User) -> None:
    queue.connection().lpush(queue.queue(MAILINGS).key, "3f2a9c", "somebody-else-s")
    due_mailing(owner)
    ticking.run_tick()
    assert queue.waiting(SEND_RUN) == {db.session.scalars(select(Run.id)).one(): 1}


def test_the_worker_that_begins_a_list_wakes_the_others_it_can_use(
    app: Flask, owner: User, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SLICE_SIZE", 1)
    monkeypatch.setitem(app.config, "SENDERS_PER_RUN", 4)
    monkeypatch.setattr("mailer.jobs.tasks.take", lambda job: None)  # the others have not come yet
    due_mailing(owner, 3)
    ticking.run_tick()
    assert queue.queue(MAILINGS).count == 1  # how many slices there will be nobody knows yet
    work_off(MAILINGS, max_jobs=1)
    assert queue.queue(MAILINGS).count == 2
    work_off(MAILINGS)
    assert len(lab.accepted) == 3


def test_small_runs_share_a_job(app: Flask, owner: User, lab: Lab) -> None:
    for _number in range(3):
        due_mailing(owner, 1)
    ticking.run_tick()
    queue.connection().lpush(queue.queue(MAILINGS).key, "forgotten")  # its job is no longer known
    work_off(MAILINGS, max_jobs=1)
    assert queue.queue(MAILINGS).count == 0
    assert [run.state for run in db.session.scalars(select(Run))] == [RunState.COMPLETE] * 3


def test_a_job_takes_no_other_run_once_its_turn_is_over(
    app: Flask, owner: User, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "JOB_SECONDS", 0.001)
    for _number in range(3):
        due_mailing(owner, 1)
    ticking.run_tick()
    work_off(MAILINGS, max_jobs=1)
    assert queue.waiting(SEND_RUN).total() >= 2
    assert db.session.scalar(select(func.count()).where(Run.state == RunState.PLANNED)) == 2


def test_told_to_go_as_its_run_ends_a_worker_takes_no_other(
    app: Flask, owner: User, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = run_worker._send

    def send_and_hear(*arguments: Any) -> TurnReport | None:
        report = send(*arguments)
        if report is not None:
            report.is_told_to_go = True
        return report

    monkeypatch.setattr(run_worker, "_send", send_and_hear)
    for _number in range(2):
        due_mailing(owner, 1)
    ticking.run_tick()
    work_off(MAILINGS, max_jobs=1)
    states = db.session.scalars(select(Run.state).order_by(Run.id)).all()
    assert states == [RunState.COMPLETE, RunState.PLANNED]


def test_a_worker_knows_whether_anybody_else_waits(app: Flask) -> None:
    queue.enqueue(SEND_RUN, 1)
    assert not queue.others_wait(SEND_RUN, 1)  # a doubled wake-up for the same run
    queue.enqueue(SEND_RUN, 11)
    assert queue.others_wait(SEND_RUN, 1)
    queue.queue(MAILINGS).empty()  # type: ignore[no-untyped-call]
    queue.enqueue(queue.IMPORT_CLIENTS, 1)  # the same workers do these
    assert queue.others_wait(SEND_RUN, 1)
    app.config["REDIS_URL"], url = "redis://127.0.0.1:1/0", app.config["REDIS_URL"]
    assert not queue.others_wait(SEND_RUN, 1)
    app.config["REDIS_URL"] = url


def test_a_step_that_fails_keeps_the_others_going(app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(ticking, "beat", explode)
    due_mailing(owner)
    ticking.run_tick()
    assert db.session.scalars(select(Run)).one().state is RunState.PLANNED


def test_a_tick_with_nothing_to_do_asks_little(app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    owner_id, asked = owner.id, list[str]()
    event.listen(db.engine, "before_cursor_execute", note := lambda *each: asked.append(each[2]))
    monkeypatch.setattr(ticking, "_upkeep_due_at", 0.0)
    monkeypatch.setattr(ticking, "UPKEEP_EVERY", 3600)
    try:
        tick()  # after a start all of it
        assert db.session.scalars(select(Instance)).one()
        asked.clear()
        tick()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([each for each in asked if each.startswith("SELECT")]) <= 4, asked  # due, open, erased, coming
    due_mailing(db.session.get_one(User, owner_id))
    tick()
    assert queue.queue(MAILINGS).count == 1


def test_without_redis_nothing_is_lost_and_nothing_raises(app: Flask, owner: User) -> None:
    due_mailing(owner)
    url, app.config["REDIS_URL"] = app.config["REDIS_URL"], "redis://127.0.0.1:1/0"
    try:
        assert queue.enqueue(TICK) is False
        ticking.run_tick()
    finally:
        app.config["REDIS_URL"] = url
    assert db.session.scalars(select(Run)).one().state is RunState.PLANNED


def test_the_resting_server_leaves_workers_in_peace(app: Flask, owner: User, lab: Lab) -> None:
    app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{lab.port}?connections=2"  # a probe after 30 s
    lab.refuse()
    due_mailing(owner)
    ticking.run_tick()
    work_off(MAILINGS)
    ticking.run_tick()
    assert queue.queue(MAILINGS).count == 0
    assert db.session.scalars(select(Run)).one().state is RunState.WAITING_FOR_SERVER


def test_the_sweep_throws_away_only_what_is_old(app: Flask, owner: User) -> None:
    long_ago = utcnow() - timedelta(days=40)
    stored = Path(app.config["IMPORTS_DIR"]) / "old.csv"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_text("email\n")
    for age in (long_ago, utcnow()):
        save(AccountEmail(template="x", to_email="a@b.test", language="en", created_at=age, sent_at=age))
        save(ClientImport(owner_id=owner.id, file_name="a.csv", stored_file="old.csv", created_at=age))
        token = {"purpose": "reset-password", "email": owner.email, "expires_at": age}
        save(AccountToken(user_id=owner.id, token_hash=str(age), **token))
    ticking.sweep()
    for model in (AccountEmail, ClientImport, AccountToken):
        assert len(db.session.scalars(select(model)).all()) == 1
    assert not stored.exists()


# -- processes ---------------------------------------------------------------------------------------------------------


def environment(app: Flask) -> dict[str, str]:
    """What makes a `flask` command work on this test's servers."""
    return os.environ | {
        "GOLUB_ENV": "development",
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "REDIS_URL": app.config["REDIS_URL"],
        "VAR_DIR": app.config["VAR_DIR"],
        "SECRET_KEY": app.config["SECRET_KEY"],
        "MAILINGS_SMTP_URL": app.config.get("MAILINGS_SMTP_URL", ""),
        "FLASK_APP": "wsgi.py",
    }


def flask(app: Flask, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `flask …` to its end."""
    command = [sys.executable, "-m", "flask", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(app), capture_output=True, text=True, **options)  # type: ignore[call-overload]


@contextmanager
def running(app: Flask, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`flask …` beside the test; killed at the end if it is still there."""
    process = subprocess.Popen([sys.executable, "-m", "flask", *words], cwd=ROOT, env=environment(app))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_scheduler_and_workers_send_by_themselves_and_end_in_order(app: Flask, owner: User, lab: Lab) -> None:
    with (
        running(app, "scheduler") as scheduler,
        running(app, "worker", "ticks") as ticks,
        running(app, "worker", "mailings") as mailings,
    ):
        due_mailing(owner)
        wait_until(lambda: len(lab.accepted) == 3)
        wait_until(lambda: db.session.scalars(select(Run.state)).one() is RunState.COMPLETE)
        queue.connection().flushdb()  # the tick is gone with everything else
        due_mailing(owner, 1)
        wait_until(lambda: len(lab.accepted) == 3 + 4)
        for process in (scheduler, ticks, mailings):
            process.send_signal(signal.SIGTERM)
        for process in (scheduler, ticks, mailings):
            assert process.wait(timeout=60) == 0


def test_three_schedulers_give_one_run(app: Flask, owner: User, lab: Lab) -> None:
    with (
        running(app, "scheduler"),
        running(app, "scheduler"),
        running(app, "scheduler"),
        running(app, "worker", "ticks"),
    ):
        for _number in range(5):
            due_mailing(owner, 1)
        wait_until(lambda: len(db.session.scalars(select(Run)).all()) == 5)
    assert len({run.mailing_id for run in db.session.scalars(select(Run))}) == 5


def test_send_mailings_needs_no_redis(app: Flask, owner: User, lab: Lab) -> None:
    due_mailing(owner)
    app.config["REDIS_URL"], url = "redis://127.0.0.1:1/0", app.config["REDIS_URL"]
    try:
        done = flask(app, "send-mailings")
    finally:
        app.config["REDIS_URL"] = url
    assert done.returncode == 0, done.stderr
    assert re.search(r"complete; planned 3 = accepted 3, refused 0", done.stdout)
    assert len(lab.accepted) == 3
    assert "Nothing is due" in flask(app, "send-mailings").stdout


def test_send_mailings_speaks_the_terminals_language(
    app: Flask, owner: User, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    due_mailing(owner)
    assert "завершён; запланировано 3 = принято 3, отклонено 0" in flask(app, "send-mailings").stdout
    said = flask(app, "send-mailings", "--mailing", "x")
    assert said.returncode == 2 and re.search("Недопустимое значение .*mailing", said.stderr), said.stderr


def test_send_mailings_sends_one_on_demand_due_or_not(app: Flask, owner: User, lab: Lab) -> None:
    make_client(owner)
    mailing = make_mailing(owner)
    done = flask(app, "send-mailings", "--mailing", str(mailing.id))
    assert done.returncode == 0, done.stderr
    assert len(lab.accepted) == 1
    db.session.expire_all()
    assert db.session.scalars(select(Run.occurrence)).one().startswith("manual:cli:")


def test_send_mailings_fails_when_nobody_could_be_sent_to(app: Flask, owner: User, lab: Lab) -> None:
    lab.refuse()
    make_client(owner)
    mailing = make_mailing(owner)
    done = flask(app, "send-mailings", "--mailing", str(mailing.id))
    assert done.returncode == 1
    assert "waiting for the mail server; planned 1" in done.stdout
    assert "No email was accepted: " in done.stderr


def test_send_mailings_sends_after_the_end_too(app: Flask, owner: User, lab: Lab) -> None:
    make_client(owner)
    now = utcnow().replace(tzinfo=None)
    mailing = make_mailing(owner, starts_local=now - timedelta(days=2), ends_local=now - timedelta(days=1))
    done = flask(app, "send-mailings", "--mailing", str(mailing.id))
    assert (done.returncode, len(lab.accepted)) == (0, 1), done.stderr


@pytest.mark.parametrize("values", [{"paused_at": utcnow()}, {"disabled_at": utcnow(), "disabled_reason": "spam"}])
def test_send_mailings_obeys_a_hold(app: Flask, owner: User, lab: Lab, values: dict[str, Any]) -> None:
    make_client(owner)
    mailing = make_mailing(owner, **values)
    done = flask(app, "send-mailings", "--mailing", str(mailing.id))
    assert done.returncode == 1
    assert "resumed first" in done.stderr
    assert lab.accepted == []


def test_send_mailings_names_what_is_not_there(app: Flask) -> None:
    done = flask(app, "send-mailings", "--mailing", "77")
    assert (done.returncode, "no mailing 77" in done.stderr) == (1, True)


def test_create_user_asks_for_or_generates_the_password(app: Flask) -> None:
    done = flask(app, "create-user", "Boss@Golub.test", "--role", "manager", input="\n")
    assert done.returncode == 0, done.stderr
    assert re.search(r"manager boss@golub\.test +password: \S{12,}", done.stdout, re.IGNORECASE)
    boss = db.session.scalars(select(User)).one()
    assert (boss.role, boss.is_active) == (Role.MANAGER, True)
    again = flask(app, "create-user", "boss@golub.test", "--role", "admin", "--password", "long enough words")
    assert again.returncode == 1
    assert "boss@golub.test" in again.stderr.lower() or again.stderr


def test_load_sample_prints_the_accounts_once(app: Flask) -> None:
    done = flask(app, "load-sample")
    assert done.returncode == 0, done.stderr
    accounts = json.loads((Path(app.config["VAR_DIR"]) / "accounts.json").read_text())
    assert {account["role"] for account in accounts} == {"user", "manager", "editor", "admin"}
    assert all(account["password"] in done.stdout for account in accounts)
    assert flask(app, "load-sample").returncode == 0
    assert len(db.session.scalars(select(User)).all()) == 4


def test_jobs_are_json_and_carry_ids_only(app: Flask, owner: User) -> None:
    due_mailing(owner)
    ticking.run_tick()
    redis: Redis = queue.connection()
    (job_id,) = queue.queue(MAILINGS).job_ids
    data = redis.hget(f"rq:job:{job_id}", "data")
    assert isinstance(data, bytes)

    name, _instance, args, kwargs = json.loads(zlib.decompress(data))
    assert (name, args, kwargs) == (SEND_RUN, [db.session.scalars(select(Run.id)).one()], {})
    assert {ACCOUNTS, IMPORTS} <= {each for names in queue.WORKERS.values() for each in names}
