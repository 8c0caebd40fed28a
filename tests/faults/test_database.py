"""PostgreSQL of the test's own, that dies, is full, is locked and cuts people off, amid a run."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import psycopg2
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from psycopg2.extensions import connection as Connection  # noqa: N812
from sqlalchemy import Column, Engine, Integer, func, inspect, select, text
from sqlalchemy import Connection as SqlConnection

from launcher.embedded import throw_away_postgres
from launcher.part import start, stop, wait_until_ready
from launcher.postgres import Postgres
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.run import Run, RunState
from mailer.schema_changes import PATIENCE, InTheWay, hold_ledger, patiently
from mailer.sending.runs.recipient_list import FIRST_PART, RecipientListWriter, write_recipient_list
from mailer.smtp.results import Outcome
from mailer.smtp.testserver import Lab, Offer
from tests.conftest import Servers, make_migrated_app
from tests.faults.conftest import carry_on, smtp_url, waiting_count
from tests.faults.worker_processes import SOON, WorkerProcess, has_accepted
from tests.sending.conftest import attempts, let_time_pass
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
StartWorker = Callable[..., WorkerProcess]


class OwnServer:
    """A PostgreSQL that a test may treat badly. Everything written survives, as fsync has nothing to do with it."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.part = server.part()
        self.process: subprocess.Popen[bytes] = start(self.part)
        wait_until_ready(self.part, self.process)

    def crash(self) -> None:
        """An immediate shutdown: every backend dies where it stands."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def start(self) -> None:
        """Recover and serve again."""
        self.process = start(self.part)
        wait_until_ready(self.part, self.process)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """The server of this module's tests."""
    folder = tmp_path_factory.mktemp("postgres")
    with throw_away_postgres(folder) as prepared:
        server = OwnServer(prepared)
        prepared.ensure_database()
        yield server
        stop(server.part, server.process, 10)


@pytest.fixture(scope="module")
def migrated_app(own_server: OwnServer, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on that server."""
    return make_migrated_app(own_server.server.url(), servers.redis_url, tmp_path_factory.mktemp("var"))


@pytest.fixture
def long_lease(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production the database may be away for half a minute before a worker gives up."""
    monkeypatch.setitem(app.config, "LEASE_SECONDS", 60.0)


@pytest.mark.parametrize(("restarts", "count"), [(2, 1200), pytest.param(5, 10_000, marks=pytest.mark.faults)])
def test_an_immediate_restart_leaves_nothing_in_doubt(
    long_lease: None,
    lab: Lab,
    make_run: MakeRun,
    start_worker: StartWorker,
    own_server: OwnServer,
    restarts: int,
    count: int,
) -> None:
    lab.obey("DOT -> accept; delay 0.004; 250 2.0.0 Ok")
    run = make_run(count)
    worker = start_worker(run)
    for number in range(1, restarts + 1):
        wait_until(partial(has_accepted, lab, number * count // (restarts + 2)))
        own_server.crash()
        time.sleep(0.3)
        own_server.start()
    worker.wait()
    assert carry_on(run).state is RunState.COMPLETE
    assert len(lab.accepted) == count


@pytest.mark.parametrize("count", [1500, pytest.param(10_000, marks=pytest.mark.faults)])
def test_backends_cut_off_every_fifth_of_a_second(
    app: Flask,
    long_lease: None,
    lab: Lab,
    make_run: MakeRun,
    start_worker: StartWorker,
    own_server: OwnServer,
    seed: random.Random,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab.offer = Offer(connections=4)  # shared by both workers, and held on the very connections that are cut off
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "connections=4"))
    lab.obey("DOT -> accept; delay 0.004; 250 2.0.0 Ok\nRCPT 5% -> 550 5.1.1 No such user")
    run = make_run(count)
    workers = [start_worker(run)]
    wait_until(lambda: len(lab.accepted) > 0)  # who is cut off at the very start dies, and a tick wakes the next
    workers.append(start_worker(run))
    killer = psycopg2.connect(own_server.server.url())
    killer.autocommit = True
    cut = 0
    while any(worker.is_alive for worker in workers):
        with killer.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'golub sender'"
            )
            cut += cursor.rowcount
        time.sleep(0.1 + 0.2 * seed.random())
    killer.close()
    assert cut > 4
    run = carry_on(run)
    assert [each.response for each in attempts(run) if each.outcome is Outcome.IN_DOUBT] == []
    assert run.state is RunState.COMPLETE_WITH_REFUSALS


def test_no_connection_left_amid_a_run(
    long_lease: None, lab: Lab, make_run: MakeRun, start_worker: StartWorker, own_server: OwnServer
) -> None:
    lab.obey("DOT -> accept; delay 0.004; 250 2.0.0 Ok")
    run = make_run(1000)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 300)
    hoard: list[Connection] = [psycopg2.connect(own_server.server.url())]
    with hoard[0].cursor() as cursor:  # the sender's own are cut off, and there is none to be had
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'golub sender'")
        hoard[0].commit()
    try:
        while True:
            hoard.append(psycopg2.connect(own_server.server.url()))
    except psycopg2.OperationalError:
        time.sleep(0.7)
    for each in hoard:
        each.close()
    worker.wait()
    assert carry_on(run).state is RunState.COMPLETE


def test_a_table_locked_beyond_the_lease(lab: Lab, make_run: MakeRun, start_worker: StartWorker) -> None:
    run = make_run(600)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 200)
    with db.engine.connect() as other:
        other.execute(text("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE"))
        time.sleep(2.5)
    worker.wait()
    run = carry_on(run)
    assert run.accepted_count + run.uncertain_count == 600


def test_a_migration_amid_a_run(lab: Lab, make_run: MakeRun, start_worker: StartWorker, long_lease: None) -> None:
    lab.obey("DOT -> accept; delay 0.003; 250 2.0.0 Ok")
    run = make_run(1500)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 200)
    for number, change in enumerate([expand, contract]):
        migrate(change, db.engine)
        wait_until(partial(has_accepted, lab, 400 + 200 * number))
    assert worker.wait() == 0
    run = carry_on(run)
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 1500)
    assert len(lab.accepted) == len(attempts(run)) == 1500  # nobody was even tried twice


def migrate(change: Callable[[Operations], None], engine: Engine, patience: float = PATIENCE) -> None:
    """As migrations/env.py does."""

    def work(connection: SqlConnection) -> None:
        with connection.begin():
            hold_ledger(connection)
            change(Operations(MigrationContext.configure(connection)))

    patiently(engine, work, patience)


@pytest.mark.parametrize("between", [[], ["SELECT 1 FROM attempts LIMIT 1"]], ids=["in order", "another order"])
def test_a_migration_gives_way_to_whoever_holds_tables(
    lab: Lab, make_run: MakeRun, own_server: OwnServer, between: list[str]
) -> None:
    """A transaction that a plain migration would meet head-on: it holds slices and comes to runs, which the migration
    changes first. `between`: it has come to a later table before, as no sender does."""
    run = make_run(10)
    assert write_recipient_list(run.id)
    log = own_server.server.log
    begun_at = log.stat().st_size
    with closing(psycopg2.connect(own_server.server.url())) as sender, sender.cursor() as cursor:
        for statement in [*between, "UPDATE slices SET ready_at = ready_at"]:
            cursor.execute(statement)
        migration = threading.Thread(target=migrate, args=[expand, db.engine])
        migration.start()
        wait_until(lambda: waiting_count() > 0)
        cursor.execute("UPDATE deliveries SET attempt_count = attempt_count")  # counted in runs, by a trigger
        sender.commit()
        migration.join(30)
    assert not migration.is_alive()
    assert "of_a_later_release" in [column["name"] for column in inspect(db.engine).get_columns("runs")]
    assert "deadlock" not in log.read_bytes()[begun_at:].decode()
    migrate(contract, db.engine)


def test_a_migration_that_nobody_lets_through_changes_nothing_and_says_who(lab: Lab, make_run: MakeRun) -> None:
    make_run(10)
    with db.engine.connect() as other:
        other.execute(text("SET application_name = 'a long export'"))
        other.execute(text("SELECT 1 FROM deliveries LIMIT 1"))
        with pytest.raises(InTheWay, match="a long export"):
            migrate(expand, db.engine, 0.2)
    assert "of_a_later_release" not in [column["name"] for column in inspect(db.engine).get_columns("slices")]


LEDGER_TABLES = ("runs", "slices", "deliveries", "attempts")


def expand(op: Operations) -> None:
    """What a release adds to the tables that are being written."""
    for table in LEDGER_TABLES:
        op.add_column(table, Column("of_a_later_release", Integer, server_default="0", nullable=False))
        op.create_index(f"ix_{table}_of_a_later_release", table, ["of_a_later_release"])


def contract(op: Operations) -> None:
    """What a later one takes away."""
    for table in LEDGER_TABLES:
        op.drop_column(table, "of_a_later_release")


def test_killed_while_its_list_is_being_made(
    lab: Lab, make_run: MakeRun, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.refuse()
    run = make_run(20_000)
    with monkeypatch.context() as patch:
        patch.setattr(RecipientListWriter, "write_part", lambda self: time.sleep(60))  # in the worker, which is forked
        worker = start_worker(run)
        wait_until(lambda: list_of(run) == (FIRST_PART, 20_000 - FIRST_PART))
        worker.kill()
    let_time_pass()
    assert start_worker(run).wait() == 0
    assert list_of(run) == (20_000, 0)
    assert db.session.scalar(select(func.count(Delivery.email_key.distinct()))) == 20_000


def list_of(run: Run) -> tuple[int, int]:
    """How many are on the list, and how many are to come."""
    db.session.refresh(run)
    db.session.commit()
    return run.planned_count, run.unlisted_count


def test_killed_before_its_list_is_begun(lab: Lab, make_run: MakeRun, start_worker: StartWorker) -> None:
    run = make_run(20_000)
    with db.engine.connect() as other:
        other.execute(text("LOCK TABLE slices IN ACCESS EXCLUSIVE MODE"))
        worker = start_worker(run)
        wait_until(lambda: waiting_count() > 0)
        worker.kill()
    db.session.rollback()
    wait_until(lambda: waiting_count() == 0)
    assert db.session.query(Delivery).count() == 0
    lab.refuse()
    worker = start_worker(run)
    worker.wait()
    db.session.refresh(run)
    assert run.planned_count == run.waiting_count == 20_000


def test_away_for_longer_than_the_lease_the_worker_gives_up_and_the_next_one_goes_on(
    app: Flask,
    lab: Lab,
    make_run: MakeRun,
    start_worker: StartWorker,
    own_server: OwnServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab.obey("DOT -> accept; delay 0.01; 250 2.0.0 Ok")
    run = make_run(600)
    threads = threading.active_count()
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 200)
    own_server.crash()
    wait_until(lambda: not worker.is_alive, SOON)  # half a lease of two seconds, and no connection hangs
    own_server.start()
    run = carry_on(run)
    assert run.accepted_count + run.uncertain_count == 600
    assert run.uncertain_count <= 4 + 4  # one a connection, and the one behind it
    assert threading.active_count() <= threads + 2
