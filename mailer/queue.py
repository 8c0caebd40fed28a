"""Wake-ups: jobs are named by string and carry ids only, so that services never import jobs.

Redis holds no truth. A wake-up that gets lost costs seconds: the tick finds everything due in PostgreSQL again.
"""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

import structlog
from flask import current_app
from redis import Redis, RedisError
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

log = structlog.get_logger()

TICKS, ACCOUNTS, MAILINGS, IMPORTS = "ticks", "accounts", "mailings", "imports"
TICK = "mailer.jobs.tasks.tick"
SEND_RUN = "mailer.jobs.tasks.send_run"
SEND_ACCOUNT_EMAIL = "mailer.jobs.tasks.send_account_email"
IMPORT_CLIENTS = "mailer.jobs.tasks.import_clients"
READ_MAILBOX = "mailer.jobs.tasks.read_mailbox"
FOLD_HITS = "mailer.jobs.tasks.fold_hits"
SEND_PROBE = "mailer.jobs.tasks.send_probe"
ADVANCE_SERIES = "mailer.jobs.tasks.advance_series"
LOOK_AT_DOMAIN = "mailer.jobs.tasks.look_at_domain"
LOOK_AT_EXCHANGERS = "mailer.jobs.tasks.look_at_exchangers"
EXAMINE = "mailer.jobs.tasks.examine"

QUEUE_OF = {
    TICK: TICKS,
    SEND_ACCOUNT_EMAIL: ACCOUNTS,
    SEND_RUN: MAILINGS,
    ADVANCE_SERIES: MAILINGS,
    IMPORT_CLIENTS: IMPORTS,
    FOLD_HITS: IMPORTS,
    SEND_PROBE: IMPORTS,
    LOOK_AT_DOMAIN: IMPORTS,
    LOOK_AT_EXCHANGERS: IMPORTS,
    EXAMINE: IMPORTS,
    READ_MAILBOX: IMPORTS,  # a server that does not answer must not hold up account mails
}
WORKERS = {TICKS: [TICKS], ACCOUNTS: [ACCOUNTS], MAILINGS: [MAILINGS, IMPORTS]}  # worker -> queues, in turns
JOB_TIMEOUT_SECONDS = 3600
LIVING_SECONDS = 60.0  # twice the longest silence of a worker that is well


def connection() -> Redis:
    """This process's client of the configured Redis."""
    return _shared_client(current_app.config["REDIS_URL"])


def own_connection() -> Redis:
    """A client for RQ's `Worker`, which changes the settings of the one it is given, if only to be listed."""
    return _client(current_app.config["REDIS_URL"])


def _client(url: str) -> Redis:
    """Short time-outs, since the database is the truth."""
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=10, health_check_interval=30)


_shared_client = lru_cache(maxsize=8)(_client)


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


def enqueue_missing(job: str, ids: Sequence[int]) -> None:
    """Wake a worker for each id for which no wake-up waits."""
    on_their_way = waiting(job) if ids else Counter[int]()
    for id_ in ids:
        if not on_their_way[id_]:
            enqueue(job, id_)


def take(job: str) -> int | None:
    """The id of the wake-up for `job` that waits longest, taken off its queue; None when none does.

    For a worker that is at it anyway. One that dies with it loses it, which costs seconds, as ever.
    """
    try:
        line = queue(QUEUE_OF[job])
        # RQ's own `pop_job_id` fails where nothing waits.
        while id_ := cast(bytes | None, line.connection.lpop(line.key)):
            with suppress(NoSuchJobError):  # it waited for too long
                found = Job.fetch(id_.decode(), line.connection, line.serializer)
                found.delete()
                return int(found.args[0])
    except (RedisError, OSError):
        pass
    return None


def waiting(job: str) -> Counter[int]:
    """How many wake-ups for `job` wait, by the id they carry; nothing when Redis is away."""
    try:
        found = (re.match(rf"{_prefix(job)}(\d+)-", id_) for id_ in queue(QUEUE_OF[job]).job_ids)
        return Counter(int(match[1]) for match in found if match)
    except (RedisError, OSError):
        return Counter()


def others_wait(job: str, *ids: int) -> bool:
    """Whether anything else waits for the workers of that job; not so when Redis is away, since nobody could come."""
    names = next(names for names in WORKERS.values() if QUEUE_OF[job] in names)
    try:
        redis = connection()
        return any(not id_.startswith(_prefix(job, *ids)) for name in names for id_ in queue(name, redis).job_ids)
    except (RedisError, OSError):
        return False


def note_beat(name: str) -> None:
    """Leave word that this part lives."""
    try:
        connection().set(f"heartbeat:{name}", str(time.time()))
    except (RedisError, OSError) as error:
        log.warning("no heartbeat", part=name, error=str(error))


def beat_age(redis: Redis, name: str) -> float | None:
    """Seconds since the part's last word; None when none is known. Raises RedisError."""
    beat = redis.get(f"heartbeat:{name}")
    try:
        return max(0.0, round(time.time() - float(beat), 1)) if beat else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """One RQ worker: what it works on, since when it has been here, and how long ago it was heard of."""

    name: str
    queues: tuple[str, ...]
    is_busy: bool
    born_at: datetime | None
    age_seconds: float | None

    @property
    def is_living(self) -> bool:
        """Whether it was heard of lately; one that was killed stays listed for a while."""
        return self.age_seconds is not None and self.age_seconds < LIVING_SECONDS


def workers(redis: Redis) -> list[WorkerBeat]:
    """The workers that Redis knows, by what they work on. Raises RedisError."""
    found = [
        WorkerBeat(
            str(worker.hostname or "") + f":{worker.pid or 0}",
            tuple(worker.queue_names()),
            worker.get_state() == WorkerStatus.BUSY,
            _aware(worker.birth_date),
            _age(_aware(worker.last_heartbeat)),
        )
        for worker in Worker.all(connection=redis)
    ]
    return sorted(found, key=lambda worker: (worker.queues, worker.name))


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _age(at: datetime | None) -> float | None:
    return round((datetime.now(UTC) - at).total_seconds(), 1) if at is not None else None


def _prefix(job: str, *ids: int) -> str:
    return "-".join([job.rpartition(".")[2], *map(str, ids), ""])
