"""Wake-ups: jobs are named by string and carry ids only, so that services never import jobs.

Redis holds no truth. A wake-up that gets lost costs seconds: the tick finds everything due in PostgreSQL again.
"""

from __future__ import annotations

import uuid

import structlog
from flask import current_app
from redis import Redis, RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger()

TICKS, ACCOUNTS, MAILINGS, IMPORTS = "ticks", "accounts", "mailings", "imports"
TICK = "mailer.jobs.tick"
SEND_RUN = "mailer.jobs.send_run"
SEND_ACCOUNT_EMAIL = "mailer.jobs.send_account_email"
IMPORT_CLIENTS = "mailer.jobs.import_clients"

QUEUE_OF = {TICK: TICKS, SEND_ACCOUNT_EMAIL: ACCOUNTS, SEND_RUN: MAILINGS, IMPORT_CLIENTS: IMPORTS}
WORKERS = {TICKS: [TICKS], ACCOUNTS: [ACCOUNTS], MAILINGS: [MAILINGS, IMPORTS]}  # worker -> queues, in this order
JOB_TIMEOUT_SECONDS = 3600


def connection() -> Redis:
    """A client of the configured Redis; short time-outs, since the database is the truth."""
    return Redis.from_url(
        current_app.config["REDIS_URL"], socket_connect_timeout=2, socket_timeout=10, health_check_interval=30
    )


def queue(name: str, redis: Redis | None = None) -> Queue:
    """The RQ queue of that name."""
    return Queue(name, connection=redis or connection(), serializer=JSONSerializer)


def enqueue(job: str, *ids: int) -> bool:
    """Wake a worker for `job`; whether the wake-up is on its way.

    Call it after the commit. Never raises when Redis is away: the tick makes it good.
    """
    try:
        queue(QUEUE_OF[job]).enqueue(
            job,
            *ids,
            job_id=_prefix(job, *ids) + uuid.uuid4().hex,
            job_timeout=JOB_TIMEOUT_SECONDS,
            result_ttl=0,
            failure_ttl=86400,
        )
    except (RedisError, OSError) as error:
        log.warning("wake-up not queued", job=job, ids=ids, error=str(error))
        return False
    return True


def waiting_count(job: str, *ids: int) -> int:
    """How many such wake-ups wait in their queue; 0 when Redis is away."""
    try:
        return sum(id_.startswith(_prefix(job, *ids)) for id_ in queue(QUEUE_OF[job]).job_ids)
    except (RedisError, OSError):
        return 0


def _prefix(job: str, *ids: int) -> str:
    return "-".join([job.rpartition(".")[2], *map(str, ids), ""])
