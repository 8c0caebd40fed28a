"""RQ workers of this service."""

from __future__ import annotations

from typing import Any

from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from mailer import queue


def run_worker(name: str, *, burst: bool = False) -> None:
    """Work on the queues of `name` (`queue.WORKERS`) until told to end.

    The tick runs in the worker's own process: it takes milliseconds and must not wait for a fork. Everything else is
    forked, so that whatever a job leaks or breaks ends with it.
    """
    redis = queue.connection()
    kind: type[Any] = SimpleWorker if name == queue.TICKS else Worker
    worker = kind(
        [queue.queue(each, redis) for each in queue.WORKERS[name]], connection=redis, serializer=JSONSerializer
    )
    worker.log_result_lifespan = False
    worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)
