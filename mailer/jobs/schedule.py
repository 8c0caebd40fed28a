"""Everything that touches rq-scheduler: one periodic tick, and a loop that survives what the library does not.

rq-scheduler 0.14 loses a periodic job between two Redis commands, ends when Redis is away or one stored job cannot be
read, and piles up copies of a job slower than its interval. Hence: the tick has a stable id, is defined anew whenever
it is missing, waits while its queue is not empty, and is harmless when doubled (PostgreSQL decides what is due).
"""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from redis import RedisError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from mailer import queue

log = structlog.get_logger()
TICK_ID = "tick"


class JSONJob(Job):
    """A job whose arguments are JSON, as the workers read them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer
        super().__init__(*args, **kwargs)


class TickScheduler(Scheduler):  # type: ignore[misc]
    """A scheduler of the tick alone."""

    def ensure_tick(self, seconds: float) -> None:
        """Put the tick on the schedule when it is not there."""
        if TICK_ID in self and Job.exists(TICK_ID, connection=self.connection):
            return
        first = datetime.now(UTC) + timedelta(seconds=seconds)
        self.schedule(
            first, queue.TICK, args=(), interval=max(1, round(seconds)), id=TICK_ID, queue_name=queue.TICKS,
            timeout=300, result_ttl=-1,
        )  # fmt: skip

    def enqueue_job(self, job: Job) -> None:
        """Push a due job, unless the one before still waits."""
        if queue.queue(queue.TICKS, self.connection).count == 0:
            super().enqueue_job(job)


def run_scheduler() -> None:
    """Push the tick every TICK_SECONDS until SIGTERM or SIGINT, whatever happens to Redis."""
    seconds = current_app.config["TICK_SECONDS"]
    scheduler = TickScheduler(
        queue_name=queue.TICKS, connection=queue.own_connection(), interval=seconds, job_class=JSONJob
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        while True:
            started = time.monotonic()
            try:
                _push(scheduler, seconds)
            except (RedisError, OSError) as error:
                log.warning("Redis away, the tick waits", error=str(error))
            time.sleep(max(0.05, min(seconds, 1.0) / 2 - (time.monotonic() - started)))
    finally:
        scheduler.remove_lock()


def _push(scheduler: TickScheduler, seconds: float) -> None:
    if not scheduler.acquire_lock():
        return
    try:
        queue.note_beat("scheduler")
        scheduler.ensure_tick(seconds)
        scheduler.enqueue_jobs()
    finally:
        scheduler.remove_lock()


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)
