"""A throw-away database on the configured server, and runs in it that go through the real send path."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from flask import Flask, current_app
from flask_migrate import upgrade
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.rule import Period
from mailer.selftest.finding import Finding
from mailer.selftest.scenarios import Scenario
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.start import start_now
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab

PREFIX = "golub_lab_"
ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 2.0
SCALED = "connections=8&greeting=2&mail=2&rcpt=2&data=2&dot=2&quit=1&probe_after=0.2&probe_at_most=0.5"
HURRY = (
    "UPDATE deliveries SET retry_at = now() WHERE retry_at > now()",
    "UPDATE slices SET ready_at = now() WHERE ready_at > now()",
    "UPDATE mail_servers SET probe_at = now() WHERE probe_at > now()",
)


@contextmanager
def throw_away_database() -> Iterator[str]:
    """The address of an empty database beside the service's own, dropped at the end whatever happens."""
    config = current_app.config  # the application's own role makes no databases
    url = make_url(config["DATABASE_OWNER_URL"] or config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    name = f"{PREFIX}{uuid.uuid4().hex[:8]}"
    server = psycopg2.connect(url.render_as_string(hide_password=False))
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.close()


def is_throw_away() -> bool:
    """Whether the configured database is one of those."""
    return (make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).database or "").startswith(PREFIX)


def furnish() -> None:
    """Give the empty database its tables."""
    upgrade(directory=str(ROOT / "migrations"))


def play(app: Flask, scenario: Scenario, mail_count: int) -> Finding:
    """Send a run of `mail_count` mails through the scenario, to its end, and look at both ledgers."""
    began = time.monotonic()
    with Lab(scenario.rules) as lab:
        app.config["MAILINGS_SMTP_URLS"] = None  # nothing of this may reach a real server
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{lab.port}?{SCALED}"
        run_id = send_now(scenario.name, [f"c{number}@lab.test" for number in range(mail_count)]).id
        if scenario.misfortune is not None:
            db.session.commit()
            scenario.misfortune(lab, lambda: _worker(app), mail_count)
        run = go_through(run_id)
        return Finding.of(scenario.name, mail_count, run, lab, time.monotonic() - began)


def go_through(run_id: int) -> Run:
    """Send the run to its end."""
    while (run := db.session.get_one(Run, run_id, populate_existing=True)).closed_at is None:
        _hurry()
        work_on_run(run_id, LEASE_SECONDS)
        stop_what_must()
    return run


def send_now(name: str, emails: Sequence[str]) -> Run:
    """A person with these clients presses "send now"."""
    owner = User(email=f"{uuid.uuid4().hex}@lab.test", confirmed_at=utcnow(), password_hash="")
    db.session.add(owner)
    db.session.flush()
    message = Message(owner_id=owner.id, subject=name, text_body="Hello, {{ first_name }}!", html_body="")
    db.session.add(message)
    db.session.flush()
    db.session.execute(insert(Client), [{"owner_id": owner.id, "email": each, "email_key": each} for each in emails])
    mailing = Mailing(
        owner_id=owner.id, message_id=message.id, name=name, audience=Audience.EVERYONE,
        period=Period.ONCE, starts_local=utcnow().replace(tzinfo=None), timezone="UTC",
    )  # fmt: skip
    db.session.add(mailing)
    db.session.commit()
    return start_now(mailing, uuid.uuid4().hex)


def _worker(app: Flask) -> subprocess.Popen[bytes]:
    """`flask send-mailings` in a process of its own, on the same database and mail server."""
    config = app.config
    environment = os.environ | {
        "DATABASE_URL": str(config["SQLALCHEMY_DATABASE_URI"]),
        "MAILINGS_SMTP_URLS": "",
        "MAILINGS_SMTP_URL": config["MAILINGS_SMTP_URL"],
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "FLASK_APP": "wsgi.py",
    }
    command = [sys.executable, "-m", "flask", "send-mailings"]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _hurry() -> None:
    """Retries and probes need not be waited for, leases must."""
    for statement in HURRY:
        db.session.execute(text(statement))
    db.session.commit()
