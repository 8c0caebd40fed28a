"""Measurements that take their time: memory at a million, scaling against a slow server, ticks over idle mailings."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil
from sqlalchemy import func, select, text

from bench.postfix import running_sink
from bench.processes import ROOT
from bench.sending import first_mail_after
from bench.service import Service
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.runs.start import start_due
from mailer.smtp.testserver import Lab


@dataclass(frozen=True, slots=True)
class Million:
    """One process that sends a huge run by itself."""

    mail_count: int
    rate: float
    first_mail_after_seconds: float
    memory_mib: dict[str, dict[str, float]]  # resident and proportional, at a tenth, at half and at the end


def send_a_million(service: Service, owner: User, mail_count: int) -> Million:
    """`flask send-mailings` from planning to the closed run, watched from outside."""
    with running_sink() as sink:
        mailing = service.mailing_of(owner)
        environment = os.environ | service.environment(f"smtp://127.0.0.1:{sink.port}?connections=64")
        began = time.monotonic()
        command = [sys.executable, "-m", "flask", "send-mailings", "--mailing", str(mailing.id)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        watched = psutil.Process(process.pid)
        memory: dict[str, dict[str, float]] = {}
        while process.poll() is None:
            share = _accepted(mailing) / mail_count
            for name, least in (("a tenth", 0.1), ("half", 0.5), ("the end", 0.95)):
                if share >= least and name not in memory:
                    found = watched.memory_full_info()  # pages shared by n processes count an n-th in `pss`
                    memory[name] = {"resident": found.rss / 2**20, "proportional": found.pss / 2**20}
            time.sleep(0.5)
        seconds = time.monotonic() - began
    run = db.session.scalars(select(Run).filter_by(mailing_id=mailing.id)).one()
    assert run.accepted_count == mail_count, run.counts
    return Million(mail_count, mail_count / seconds, first_mail_after(run), memory)


def _accepted(mailing: Mailing) -> int:
    count = db.session.scalar(select(Run.accepted_count).filter_by(mailing_id=mailing.id))
    db.session.rollback()
    return count or 0


def scaling(service: Service, worker_counts: tuple[int, ...] = (1, 2, 4, 8), seconds: float = 12.0) -> dict[int, float]:
    """Mails per second by workers, of eight connections each, against a server that takes 100 ms a mail.

    Between the first and the last answer, so that the start of the processes is left out.
    """
    rates = {}
    for workers in worker_counts:
        mail_count = int(workers * 8 / 0.1 * seconds)
        owner = service.owner_of(mail_count)
        with Lab("DOT -> delay 0.1; accept; 250 2.0.0 Ok") as lab:
            url = f"smtp://127.0.0.1:{lab.port}?connections={8 * workers}&messages_per_connection=100000"
            with service.working(workers, url, SLICE_SIZE="50"):
                run = service.wait_for_run(service.mailing_of(owner))
        times = select(func.min(Attempt.finished_at), func.max(Attempt.finished_at)).where(Attempt.run_id == run.id)
        first, last = db.session.execute(times).one()
        rates[workers] = mail_count / (last - first).total_seconds()
        db.session.rollback()
    return rates


@dataclass(frozen=True, slots=True)
class Ticks:
    """What a look at the calendar costs."""

    idle_count: int
    idle_ms: float  # nothing is due
    due_count: int
    due_ms: float  # each of the due ones gets its run


IDLE_VALUES = {
    "name": "'Idle ' || n",
    "next_run_at": "now() + interval '30 days' + n * interval '1 second'",
    "next_run_local": "localtimestamp + interval '30 days'",
    "completed_at": "NULL",
}
DUE = text(
    "UPDATE mailings SET next_run_at = now() WHERE id IN (SELECT id FROM mailings WHERE name LIKE 'Idle %' LIMIT :n)"
)


def ticks(service: Service, idle_count: int, due_count: int = 1000) -> Ticks:
    """Look for due mailings among so many that are not, then with so many that are."""
    pattern = service.mailing_of(service.owner_of(1))
    start_due()
    _copy_idle(pattern, idle_count)
    service.outside_transactions("VACUUM ANALYZE mailings")
    start_due()
    idle = [_ms(start_due) for _ in range(50)]
    db.session.execute(DUE, {"n": due_count})
    db.session.commit()
    due = _ms(start_due)
    return Ticks(idle_count, statistics.median(idle), due_count, due)


def _copy_idle(pattern: Mailing, count: int) -> None:
    """So many mailings like the pattern, that are not due for a month."""
    names = [column.name for column in Mailing.__table__.columns if column.name != "id"]
    values = ", ".join(IDLE_VALUES.get(name, name) for name in names)
    statement = (
        f"INSERT INTO mailings ({', '.join(names)}) SELECT {values} FROM mailings, generate_series(1, :count) AS n"
    )
    db.session.execute(text(f"{statement} WHERE id = :pattern"), {"count": count, "pattern": pattern.id})
    db.session.commit()


def _ms(work) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3
