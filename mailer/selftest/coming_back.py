"""What comes back: a run through the mail catcher, whose reports come home by the service's own receiver.

Catcher and receiver are processes of their own, as `make run` starts them. Every 25th recipient has the
scenario's name; so few do not pause a run by themselves.
"""

from __future__ import annotations

import json
import os
import smtplib
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import func, select

from launcher.part import Part, running
from launcher.ports import first_free
from launcher.programs import FLASK, mail_catcher
from mailer.bounces.report import Kind
from mailer.extensions import db
from mailer.models.client import Suppression
from mailer.models.mail_report import MailReport
from mailer.models.run import Run
from mailer.selftest.finding import Finding
from mailer.selftest.stage import ROOT, go_through, send_now

EVERY = 25
ADDRESS = "bounces@selftest.localhost"
SILENT_SECONDS = 60.0  # without another report: then it is said what is missing
FIRST_PORT = 22_000


@dataclass(frozen=True, slots=True)
class AnsweringAddress:
    """What an address of the catcher sends back, and what has to become of it."""

    name: str
    kinds: tuple[Kind, ...]  # of the reports about each mail
    counter: str | None  # of the run
    leaves_out: bool  # from all mailings to come


ADDRESSES = (
    AnsweringAddress("bounce-hard", (Kind.BOUNCE,), "bounced", leaves_out=True),
    AnsweringAddress("bounce-soft", (Kind.DELAYED, Kind.BOUNCE), "bounced", leaves_out=False),
    AnsweringAddress("complain", (Kind.COMPLAINT,), "complained", leaves_out=True),
    AnsweringAddress("autoreply", (Kind.AUTO_REPLY,), None, leaves_out=False),
)


@dataclass(frozen=True, slots=True)
class Home:
    """Where mail goes, and where one asks what has arrived there."""

    smtp_port: int
    page_port: int

    def mail_count(self) -> int:
        """How many mails the catcher has."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page_port}/api/mails", timeout=30) as answer:
            return int(json.load(answer)["total_count"])


@contextmanager
def at_home(app: Flask) -> Iterator[Home]:
    """The catcher and the receiver; while they run, this process's mail goes the same way."""
    smtp = first_free(FIRST_PORT)
    page = first_free(smtp + 1)
    back = first_free(page + 1)
    environment = os.environ | {
        "FLASK_APP": "wsgi.py",
        "DATABASE_URL": str(app.config["SQLALCHEMY_DATABASE_URI"]),
        "BOUNCE_ADDRESS": ADDRESS,
        "BOUNCE_PORT": str(back),
        "BOUNCE_KEY": app.config["BOUNCE_KEY"],
    }
    with TemporaryDirectory(prefix="golub-self-test-") as folder:
        receiver = Part(
            "reports", (*FLASK, "receive-reports"), environment, Path(folder) / "logs" / "reports.log",
            is_ready=lambda: _listens(back), directory=ROOT,
        )  # fmt: skip
        with running(receiver), running(mail_catcher(smtp, page, Path(folder) / "mail", environment)):
            before = app.config["BOUNCE_ADDRESS"]
            app.config["BOUNCE_ADDRESS"] = ADDRESS.replace("@", "+*@")
            app.config["MAILINGS_SMTP_URLS"] = None
            app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{smtp}"
            yield Home(smtp, page)
            app.config["BOUNCE_ADDRESS"] = before


def _listens(port: int) -> bool:
    smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
    return True


def play_all(app: Flask, answers: Sequence[AnsweringAddress], mail_count: int) -> Iterator[Finding]:
    """Play one after the other at the same catcher; nothing is started for none."""
    if answers:
        with at_home(app) as home:
            for answer in answers:
                yield _play(home, answer, mail_count)


def _play(home: Home, answer: AnsweringAddress, mail_count: int) -> Finding:
    """Send a run of `mail_count` mails, wait for what comes back, and hold it against what has to."""
    began, before = time.monotonic(), home.mail_count()
    emails = [f"{answer.name if n % EVERY == 0 else 'c'}@{n}.lab.test" for n in range(mail_count)]
    answering = len(range(0, mail_count, EVERY))
    run = go_through(send_now(answer.name, emails).id)
    kinds = _reports(run, answering * len(answer.kinds))
    db.session.refresh(run)
    copies = home.mail_count() - before
    left_out = db.session.scalar(
        select(func.count()).select_from(Suppression).where(Suppression.owner_id == run.owner_id)
    )
    adds_up = (
        kinds == dict.fromkeys(answer.kinds, answering)
        and run.came_back_count == (getattr(run, f"{answer.counter}_count") if answer.counter else 0)
        and run.came_back_count == (answering if answer.counter else 0)
        and left_out == (answering if answer.leaves_out else 0)
        and copies == run.accepted_count == run.planned_count == mail_count
    )
    return Finding(
        answer.name, mail_count, run.counts, copies, adds_up, time.monotonic() - began, kinds, left_out or 0
    )  # fmt: skip


def _reports(run: Run, wanted: int) -> dict[Kind, int]:
    """The reports about the run by kind, once there are as many as wanted, or none has come for long."""
    query = select(MailReport.kind, func.count()).where(MailReport.run_id == run.id).group_by(MailReport.kind)
    found, since = Counter[Kind](), time.monotonic()
    while found.total() < wanted and time.monotonic() - since < SILENT_SECONDS:
        now = Counter(dict(db.session.execute(query).tuples().all()))
        db.session.rollback()
        if now != found:
            found, since = now, time.monotonic()
        else:
            time.sleep(0.05)
    return {kind: found[kind] for kind in sorted(found, key=[*Kind].index, reverse=True)}
