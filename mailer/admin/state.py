"""How the machine room does: mail servers, queues, workers, the tick."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask_admin import BaseView, expose
from flask_babel import lazy_gettext as _l
from redis import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from mailer import queue
from mailer.admin.guard import Guarded
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.mail_server import MailServer
from mailer.models.run import Run
from mailer.sending.servers import mail_routes

T = TypeVar("T")
HEARTBEAT = "heartbeat:tick"


@dataclass(frozen=True, slots=True)
class QueueState:
    """Wake-ups in one queue of RQ."""

    name: str
    waiting_count: int
    started_count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One RQ worker; `seen_at` is its last sign of life, aware."""

    name: str
    queues: str
    state: str
    seen_at: datetime | None
    done_count: int
    failed_count: int


class StateView(Guarded, BaseView):  # type: ignore[misc]
    """A page that only tells."""

    def __init__(self) -> None:
        super().__init__(name=_l("Mail servers, queues and workers"), endpoint="machinery", url="/admin/state")

    @expose("/")
    def index_view(self) -> Any:
        """Everything at this moment; what Redis tells is None while it is away."""
        return self.render(
            "admin/state.html",
            routes=mail_routes.configured(),
            servers={server.name: server for server in db.session.scalars(select(MailServer))},
            queues=_unless_away(queue_states),
            workers=_unless_away(worker_states),
            tick_at=_unless_away(tick_at),
            open_run_count=_count(select(func.count()).select_from(Run).where(Run.closed_at.is_(None))),
            unsent_count=_count(
                select(func.count())
                .select_from(AccountEmail)
                .where(AccountEmail.sent_at.is_(None), AccountEmail.given_up_at.is_(None))
            ),
        )


def queue_states() -> list[QueueState]:
    """Every queue, in the order of `mailer.queue`; raises RedisError."""
    redis = queue.connection()
    queues = [queue.queue(name, redis) for name in dict.fromkeys(queue.QUEUE_OF.values())]
    return [
        QueueState(each.name, each.count, each.started_job_registry.count, each.failed_job_registry.count)
        for each in queues
    ]


def worker_states() -> list[WorkerState]:
    """The workers that have said they live; raises RedisError."""
    workers = Worker.all(connection=queue.own_connection(), serializer=JSONSerializer)
    return sorted(map(_worker_state, workers), key=lambda worker: (worker.queues, worker.name))


def tick_at() -> datetime | None:
    """When the tick last came round; raises RedisError."""
    beat = queue.connection().get(HEARTBEAT)
    return datetime.fromtimestamp(min(float(beat), time.time()), UTC) if beat else None


def _worker_state(worker: Any) -> WorkerState:
    seen_at = worker.last_heartbeat
    return WorkerState(
        name=worker.name[:12],
        queues=", ".join(worker.queue_names()),
        state=str(worker.get_state()),
        seen_at=seen_at.replace(tzinfo=seen_at.tzinfo or UTC) if seen_at else None,
        done_count=worker.successful_job_count,
        failed_count=worker.failed_job_count,
    )


def _unless_away(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (RedisError, OSError):
        return None


def _count(query: Any) -> int:
    return db.session.scalar(query) or 0
