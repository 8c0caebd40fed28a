"""Golub end to end: from the moment a mailing is due to its closed run, every mail planned, marked, sent, recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from bench.postfix import Sink, running_sink
from bench.service import Service
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.run import Run
from mailer.models.user import User

AHEAD = timedelta(seconds=2)  # between saving a mailing and its moment
CONNECTIONS = "connections=128"  # of all workers together; the sink takes as many as come


@dataclass(frozen=True, slots=True)
class Sent:
    """One run: mails per second, CPU microseconds a mail of the workers, of the server and of PostgreSQL, and how long
    after the planned moment the first mail left.
    """

    rate: float
    first_mail_after: float  # seconds
    worker_us: float
    server_us: float
    database_us: float


def send(
    service: Service, owner: User, sink: Sink, *, workers: int, mail_count: int, options: str = CONNECTIONS
) -> Sent:
    """Time one run of `mail_count` mails with so many workers; raises if anybody is missing from the result."""
    with service.working(workers, f"smtp://127.0.0.1:{sink.port}?{options}".rstrip("?")):
        before = service.worker_cpu, sink.cpu, service.database_cpu
        run = service.wait_for_run(service.mailing_of(owner, ahead=AHEAD))
        after = service.worker_cpu, sink.cpu, service.database_cpu
    assert run.accepted_count == mail_count == run.planned_count, run.counts
    assert run.closed_at is not None
    seconds = (run.closed_at - run.planned_at).total_seconds()
    first = first_mail_after(run)
    micro = [(late - early) / mail_count * 1e6 for early, late in zip(before, after, strict=True)]
    return Sent(mail_count / seconds, first, *micro)


def first_mails(service: Service, mail_count: int, times: int) -> list[float]:
    """Seconds after its planned moment until the first mail of a run left, of so many runs; two workers are idle."""
    owner = service.owner_of(mail_count)
    with running_sink() as sink, service.working(2, f"smtp://127.0.0.1:{sink.port}?{CONNECTIONS}"):
        runs = (service.wait_for_run(service.mailing_of(owner, ahead=AHEAD)) for _ in range(times))
        return sorted(map(first_mail_after, runs))


def first_mail_after(run: Run) -> float:
    """Seconds from the planned moment until a worker took the first mail in hand."""
    first = db.session.scalar(select(func.min(Attempt.started_at)).where(Attempt.run_id == run.id))
    assert first is not None
    after = (first - run.planned_at).total_seconds()
    db.session.rollback()
    return after
