"""Wake-ups: jobs are named by string and carry ids only, so that services never import jobs.

Redis holds no truth. A wake-up that gets lost costs seconds: the tick finds everything due in PostgreSQL again.
"""

from __future__ import annotations

import structlog
from flask import current_app
from redis import Redis, RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

log = structlog.get_logger()

TICKS, ACCOUNTS, MAILINGS, IMPORTS = "ticks", "accounts", "mailings", "imports"
TICK = "mailer.jobs.tick"
SEND_RUN = "mailer.jobs.send_run"
SEND_ACCOUNT_EMAIL = "mailer.jobs.send_account_email"
IMPORT_CLIENTS = "mailer.jobs.import_clients"

QUEUE_OF = {TICK: TICKS, SEND_ACCOUNT_EMAIL: ACCOUNTS, SEND_RUN: MAILINGS, IMPORT_CLIENTS: IMPORTS}
WORKERS = {"ticks": [TICKS], "accounts": [ACCOUNTS], "mailings": [MAILINGS, IMPORTS]}


def connection() -> Redis:
    """A client of the configured Redis; short time-outs, since the database is the truth."""
    return Redis.from_url(
        current_app.config["REDIS_URL"], socket_connect_timeout=2, socket_timeout=10, health_check_interval=30
    )


def queue(name: str, redis: Redis | None = None) -> Queue:
    """The RQ queue of that name."""
    return Queue(name, connection=redis or connection(), serializer=JSONSerializer)


def enqueue(job: str, *args: int | str, slot: str | None = None) -> bool:
    """Wake a worker for `job`; with `slot`, at most one such wake-up waits or runs at a time.

    Returns whether a wake-up is on its way. Never raises when Redis is away: the tick makes it good.
    """
    job_id = ":".join([job.rsplit(".", 1)[-1], *map(str, args), *([slot] if slot else [])])
    try:
        queue(QUEUE_OF[job]).enqueue(
            job,
            *args,
            job_id=job_id.replace(":", "-") if slot else None,
            unique=slot is not None,
            job_timeout=3600,
            result_ttl=0,
            failure_ttl=86400,
        )
    except DuplicateJobError:
        return True
    except (RedisError, OSError) as error:
        log.warning("wake-up not queued", job=job, args=args, error=str(error))
        return False
    return True
