"""RQ workers of this service."""

from __future__ import annotations

import gc
import os
import signal
import time
from contextlib import suppress
from typing import Any

from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy
from sqlalchemy.exc import SQLAlchemyError

from mailer import queue
from mailer.extensions import db
from mailer.queue import SEND_RUN
from mailer.sending import instance_guard
from mailer.sending.worker.run_worker import has_work

WORKER_TTL_SECONDS = 30  # an idle worker is heard of every 15 s, a busy one every 30: see `queue.LIVING_SECONDS`

LOOKS_EVERY = 10.0  # seconds


class Listed:
    """A worker that a Redis which has lost everything lists again: RQ registers it at its birth only."""

    _looked_at = 0.0

    def heartbeat(self: Any, *arguments: Any, **options: Any) -> None:
        """As RQ's; once in a while it looks whether it is known still."""
        if time.monotonic() - self._looked_at > LOOKS_EVERY:
            self._looked_at = time.monotonic()
            if not self.connection.sismember(self.redis_workers_keys, self.key):
                self.connection.delete(self.key)
                self.register_birth()
        super().heartbeat(*arguments, **options)  # type: ignore[misc]


class ListedSimpleWorker(Listed, SimpleWorker):
    """The one that forks for nothing."""


class ForkingWorker(Listed, Worker):
    """A worker that passes the end on to the run it is sending.

    RQ's own waits for the job, which is right for short ones. A turn at a run lets go in order at once: what has
    not left goes back, what has left is waited for.
    """

    _sends = False

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Fork and wait, remembering what for."""
        self._sends = job.func_name == SEND_RUN
        super().execute_job(job, queue)
        self._sends = False

    def handle_warm_shutdown_request(self) -> None:
        """SIGTERM came, for the first time."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self._sends and self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


def run_worker(name: str, *, burst: bool = False) -> None:
    """Work on the queues of `name` (`queue.WORKERS`) until told to end.

    The tick runs in the worker's own process: it takes milliseconds and must not wait for a fork. Everything else is
    forked, so that whatever a job leaks or breaks ends with it. The queues take turns: a run that goes on for days
    comes back to its queue after each turn, and an import would wait for its end.
    """
    redis = queue.own_connection()
    kind: type[Any] = ListedSimpleWorker if name == queue.TICKS else ForkingWorker
    worker = kind(
        [queue.queue(each, redis) for each in queue.WORKERS[name]],
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
    )
    worker.log_result_lifespan = False
    _warm_up()
    gc.freeze()  # what is here by now stays: a work-horse whose collector looked at it would copy its pages
    worker.work(
        burst=burst,
        logging_level="WARNING",
        with_scheduler=False,
        dequeue_strategy=DequeueStrategy.ROUND_ROBIN,
    )


def _warm_up() -> None:
    """Ask once what every job asks: a work-horse then is born knowing the database, its statements compiled."""
    with suppress(SQLAlchemyError):  # away for now: the jobs will say so
        instance_guard.why_held()
        has_work(0)
    db.session.remove()
    db.engine.dispose()
