"""The tick: everything that must happen by itself starts here, from what PostgreSQL says."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from flask import current_app
from redis import RedisError

from mailer import queue
from mailer.auth import outbox, tokens
from mailer.blog.services import flush_views, forget_old_articles
from mailer.clients.importing.stalled import discard_abandoned, stalled_imports
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.queue import IMPORT_CLIENTS, SEND_ACCOUNT_EMAIL, SEND_RUN
from mailer.sending import transports
from mailer.sending.closing import stop_what_must
from mailer.sending.planning import start_due
from mailer.sending.stretch import runs_with_work

log = structlog.get_logger()
HEARTBEAT = "heartbeat:tick"
SWEPT = "swept"
VIEWS_WRITTEN = "blog:views:written"


def take_turn() -> None:
    """One tick. A step that fails is logged and keeps none of the others from happening."""
    for step in (beat, start_due, wake_senders, stop_what_must, wake_account_emails, wake_imports, write_views, sweep):
        _guarded(step)


def _guarded(step: Callable[[], object]) -> None:
    try:
        step()
    except Exception:
        log.exception("a step of the tick failed", step=step.__name__)
    finally:
        db.session.remove()


def beat() -> None:
    """Leave word that the scheduler and the tick's worker live."""
    try:
        queue.connection().set(HEARTBEAT, str(time.time()))
    except RedisError as error:
        log.warning("no heartbeat", error=str(error))


def wake_senders() -> None:
    """Wake as many workers for each run as it can use, counting those at it and the wake-ups on their way.

    While all mail servers rest from faults only runs that are still to be planned need one.
    """
    slots = current_app.config["SENDERS_PER_RUN"]
    is_resting = transports.all_rest()
    for waiting in runs_with_work():
        if is_resting and not waiting.is_planned:
            continue
        wanted = min(slots, waiting.worker_count + waiting.slice_count)
        present = waiting.worker_count + queue.waiting_count(SEND_RUN, waiting.run_id)
        for _slot in range(wanted - present):
            queue.enqueue(SEND_RUN, waiting.run_id)


def write_views() -> None:
    """Twice a minute, write the views of articles: many views are one write."""
    try:
        is_time = queue.connection().set(VIEWS_WRITTEN, "1", nx=True, ex=30)
    except RedisError:
        return
    if is_time:
        flush_views()


def sweep() -> None:
    """Once an hour, throw away what nobody will ask for again."""
    try:
        is_time = queue.connection().set(SWEPT, "1", nx=True, ex=3600)
    except RedisError:
        return
    if is_time:
        now = utcnow()
        counts = outbox.forget_old(now), tokens.forget_old(now), discard_abandoned(now)
        articles = forget_old_articles(now)
        log.info("swept", account_emails=counts[0], account_tokens=counts[1], uploads=counts[2], articles=articles)


def wake_account_emails() -> None:
    """Wake the account worker for mails whose wake-up was lost or whose retry has come."""
    for email_id in outbox.due_account_emails(utcnow()):
        if not queue.waiting_count(SEND_ACCOUNT_EMAIL, email_id):
            queue.enqueue(SEND_ACCOUNT_EMAIL, email_id)


def wake_imports() -> None:
    """Wake a worker for imports whose wake-up was lost or whose worker died."""
    for import_id in stalled_imports(utcnow()):
        if not queue.waiting_count(IMPORT_CLIENTS, import_id):
            queue.enqueue(IMPORT_CLIENTS, import_id)
