"""Golub end to end: from the moment a mailing is due to its closed run, every mail planned, marked, sent, recorded."""

from __future__ import annotations

from dataclasses import dataclass

from bench.postfix import Sink
from bench.service import Service
from mailer.models.user import User


@dataclass(frozen=True, slots=True)
class Sent:
    """One run: mails per second, and CPU microseconds a mail of the workers, of the server and of PostgreSQL."""

    rate: float
    worker_us: float
    server_us: float
    database_us: float


def send(service: Service, owner: User, sink: Sink, *, workers: int, mail_count: int, options: str = "") -> Sent:
    """Time one run of `mail_count` mails with so many workers; raises if anybody is missing from the result."""
    with service.working(workers, f"smtp://127.0.0.1:{sink.port}?{options}".rstrip("?")):
        before = service.worker_cpu, sink.cpu, service.database_cpu
        run = service.wait_for_run(service.mailing_of(owner))
        after = service.worker_cpu, sink.cpu, service.database_cpu
    assert run.accepted_count == mail_count == run.planned_count, run.counts
    assert run.closed_at is not None
    seconds = (run.closed_at - run.planned_at).total_seconds()
    micro = [(late - early) / mail_count * 1e6 for early, late in zip(before, after, strict=True)]
    return Sent(mail_count / seconds, *micro)
