"""The parts of the running service and whether they were heard of lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from redis import RedisError
from sqlalchemy import func, select

from mailer import queue, storage, zone_data
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.picture_store import media_store
from mailer.queue import WORKERS, WorkerBeat
from mailer.sending.runs import overdue

SILENT_AFTER = 60.0  # seconds, for scheduler and tick
CLOCKS_APART = 30.0  # seconds between this machine's clock and the database's that are worth a word


@dataclass(frozen=True, slots=True)
class Parts:
    """What staff want to know when mails do not leave. Ages in seconds; None: nothing known."""

    redis: str  # as `storage.queue_state` tells
    disk: str  # as `storage.disk_state` tells
    disk_free_bytes: int
    pictures: str  # as `storage` calls the state of where pictures lie
    pictures_place: str | None  # None: on the disk of the state folder
    tick_age: float | None
    scheduler_age: float | None
    workers: list[WorkerBeat]
    unattended: list[str]  # kinds of worker of which none lives
    clock_skew: float
    late_count: int
    open_run_count: int
    next_run_at: datetime | None
    waiting: dict[str, int]  # wake-ups by queue
    zone_data: str  # the release of the rules of time zones, such as `2026f`
    newer_zone_data: str | None  # that of this machine, if later

    @property
    def tick_is_well(self) -> bool:
        """Whether the calendar is looked at."""
        return self.tick_age is not None and self.tick_age < SILENT_AFTER + current_app.config["TICK_SECONDS"]

    @property
    def scheduler_is_well(self) -> bool:
        """Whether ticks are made."""
        return self.scheduler_age is not None and self.scheduler_age < SILENT_AFTER

    @property
    def clocks_agree(self) -> bool:
        """Whether this machine and the database mean the same by "now"."""
        return abs(self.clock_skew) < CLOCKS_APART


def parts() -> Parts:
    """Ask everybody."""
    now, pictures = utcnow(), media_store()
    tick = scheduler = None
    workers: list[WorkerBeat] = []
    waiting: dict[str, int] = {}
    try:
        redis = queue.own_connection()
        tick, scheduler = queue.beat_age(redis, "tick"), queue.beat_age(redis, "scheduler")
        workers = queue.workers(redis)
        waiting = {name: queue.queue(name, redis).count for names in WORKERS.values() for name in names}
        state = storage.queue_state(redis)
    except (RedisError, OSError):
        state = storage.AWAY
    lively = {name for worker in workers if worker.is_living for name in worker.queues}
    clock = db.session.scalar(select(func.clock_timestamp()))
    return Parts(
        state,
        *storage.disk_state(),
        pictures.state(),
        pictures.place if current_app.config["BUCKET"] else None,
        tick,
        scheduler,
        workers,
        [kind for kind, names in WORKERS.items() if not lively.issuperset(names)],
        (utcnow() - clock).total_seconds() if clock else 0.0,
        overdue.late_count(now),
        db.session.scalar(select(func.count()).select_from(Run).where(Run.closed_at.is_(None))) or 0,
        db.session.scalar(
            select(func.min(Mailing.next_run_at)).where(
                Mailing.next_run_at.is_not(None),
                Mailing.paused_at.is_(None),
                Mailing.disabled_at.is_(None),
                Mailing.deleted_at.is_(None),
            )
        ),
        waiting,
        zone_data.version(),
        zone_data.newer_of_system(),
    )
