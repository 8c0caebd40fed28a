"""Golub on servers of its own for the length of a `with`: durable PostgreSQL, Valkey, the app in this process, real
workers in theirs.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
from flask import Flask
from flask_migrate import upgrade
from redis import Redis
from rq import Worker
from sqlalchemy import select, text

from bench import material
from bench.processes import ROOT, cpu_seconds, running
from config import TestingConfig
from launcher.embedded import running_postgres, running_valkey
from mailer import create_app
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.rule import Period
from mailer.sending.runs.next_run import set_next_run

ADD_CLIENTS = text(
    "INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment) "
    "SELECT :owner, 'client' || n || '@example.test', 'client' || n || '@example.test', 'Иванов', 'Иван-' || n, '', '' "
    "FROM generate_series(1, :count) AS n"
)


@dataclass(slots=True)
class Service:
    """A running Golub without web pages; `app` has its context pushed."""

    app: Flask
    database_url: str
    redis_url: str
    postmaster: psutil.Process
    workers: list[int] = field(default_factory=list)  # process ids

    @property
    def database_cpu(self) -> float:
        """CPU seconds PostgreSQL has used so far, finished connections included."""
        return cpu_seconds(self.postmaster.pid)

    @property
    def worker_cpu(self) -> float:
        """CPU seconds of the workers that send, finished jobs included."""
        return sum(map(cpu_seconds, self.workers))

    def environment(self, smtp_url: str) -> dict[str, str]:
        """What a process of Golub's must be told."""
        return {
            "FLASK_APP": "wsgi.py",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "MAILINGS_SMTP_URL": smtp_url,
            "SITE_URL": "http://golub.test",
            "VAR_DIR": self.app.config["VAR_DIR"],
        }

    @contextmanager
    def working(self, count: int, smtp_url: str, **settings: str) -> Iterator[None]:
        """`count` workers for mailings, the scheduler and the tick's worker, all as in production."""
        environment = os.environ | self.environment(smtp_url) | {"WORKERS": str(count)} | settings
        flask = [sys.executable, "-m", "flask"]
        with ExitStack() as stack:
            self.workers = [
                stack.enter_context(running([*flask, "worker", "mailings"], environment)).pid for _ in range(count)
            ]
            stack.enter_context(running([*flask, "worker", "ticks"], environment))
            stack.enter_context(running([*flask, "scheduler"], environment))
            self._wait_until_it_runs(count + 1)
            yield

    def _wait_until_it_runs(self, worker_count: int) -> None:
        """Until the workers are there and the clock ticks: the start of processes is nobody's mail."""
        redis = Redis.from_url(self.redis_url)
        redis.delete("heartbeat:tick")
        gives_up_at = time.monotonic() + 60
        while Worker.count(connection=redis) < worker_count or not redis.exists("heartbeat:tick"):
            if time.monotonic() > gives_up_at:
                raise TimeoutError("the service does not start")
            time.sleep(0.05)

    def owner_of(self, client_count: int) -> User:
        """A confirmed user with so many clients."""
        owner = User(email=f"{uuid.uuid4().hex}@golub.test", confirmed_at=utcnow(), password_hash="", language="ru")
        db.session.add(owner)
        db.session.flush()
        db.session.execute(ADD_CLIENTS, {"owner": owner.id, "count": client_count})
        db.session.commit()
        self.outside_transactions("VACUUM ANALYZE clients")
        return owner

    @staticmethod
    def outside_transactions(statement: str) -> None:
        """Run one statement that wants no transaction around it."""
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    @contextmanager
    def spare_database(self) -> Iterator[str]:
        """The address of an empty database on the same server, for somebody else."""
        name = f"spare_{uuid.uuid4().hex[:8]}"
        self.outside_transactions(f"CREATE DATABASE {name}")
        try:
            yield self.database_url.rsplit("/", 1)[0] + f"/{name}"
        finally:
            self.outside_transactions(f"DROP DATABASE {name} WITH (FORCE)")

    def mailing_of(self, owner: User, html: str = material.HTML, *, ahead: timedelta = timedelta()) -> Mailing:
        """A mailing to all clients of the owner, due once: now, or as a calendar has it, some time `ahead`."""
        starts_at = utcnow() + ahead
        message = Message(owner_id=owner.id, subject=material.SUBJECT, text_body="", html_body=html)
        db.session.add(message)
        db.session.flush()
        mailing = Mailing(
            owner_id=owner.id, message_id=message.id, name="Bench", audience=Audience.EVERYONE,
            period=Period.ONCE, starts_local=starts_at.replace(tzinfo=None), timezone="UTC",
        )  # fmt: skip
        db.session.add(mailing)
        db.session.flush()
        set_next_run(mailing, utcnow())
        db.session.commit()
        return mailing

    def wait_for_run(self, mailing: Mailing, seconds: float = 3600) -> Run:
        """The mailing's run once it is closed."""
        gives_up_at = time.monotonic() + seconds
        while time.monotonic() < gives_up_at:
            run = db.session.scalar(
                select(Run).filter_by(mailing_id=mailing.id).execution_options(populate_existing=True)
            )
            db.session.rollback()
            if run is not None and run.closed_at is not None:
                return run
            time.sleep(0.25)  # asking oftener would take a part of what is measured
        raise TimeoutError("the run does not end")


@contextmanager
def running_service(var_dir: Path) -> Iterator[Service]:
    """A migrated database on a PostgreSQL that keeps what it has committed (fsync on)."""
    with (
        running_postgres(var_dir / "servers", is_durable=True) as database_url,
        running_valkey(var_dir / "servers") as redis_url,
    ):
        app = create_app(
            TestingConfig(
                DATABASE_URL=database_url, REDIS_URL=redis_url, VAR_DIR=str(var_dir), SITE_URL="http://golub.test"
            )
        )
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            yield Service(app, database_url, redis_url, _postmaster())


def _postmaster() -> psutil.Process:
    """The server process behind our connection."""
    backend = psutil.Process(db.session.execute(text("SELECT pg_backend_pid()")).scalar_one())
    db.session.rollback()
    parent = backend.parent()
    assert parent is not None
    return parent
