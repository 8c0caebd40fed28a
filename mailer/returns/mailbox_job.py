"""The mailbox door: read now and then by a job, by one reader at a time; what came of it is remembered for staff."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass

import structlog
from flask import current_app
from redis import RedisError

from mailer import queue
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import trying_for
from mailer.models.mail_report import Door
from mailer.returns import mailbox
from mailer.returns.taking import take
from setting_values import Mailbox

log = structlog.get_logger()
KEY = "returns:mailbox"
REMEMBERED_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading it last. `at` in seconds since 1970; `error` is what the server or the network said."""

    at: float
    count: int = 0
    error: str = ""


def configured() -> Mailbox | None:
    """The mailbox of BOUNCE_MAILBOX."""
    url = current_app.config["BOUNCE_MAILBOX"]
    return Mailbox.from_url(url) if url else None


def read_now() -> Reading | None:
    """Read it; None when there is none, or another reader is at it."""
    box = configured()
    if box is None:
        return None
    with db.engine.connect() as holder:  # whose transaction holds the lock; the reports are committed by the session
        if not holder.scalar(trying_for(KEY)):
            return None
        reading = _read(box)
    with suppress(RedisError, OSError):
        queue.connection().set(KEY, json.dumps(asdict(reading)), ex=REMEMBERED_SECONDS)
    return reading


def _read(box: Mailbox) -> Reading:
    count = 0

    def keep(content: bytes, size: int) -> None:
        nonlocal count
        take(content, Door.MAILBOX, size=size)
        count += 1

    try:
        mailbox.read(box, keep)
    except mailbox.FAULTS as error:
        said = str(error).replace(box.password, "…")[:300] if box.password else str(error)[:300]
        log.warning("mailbox not read", host=box.host, error=said)
        return Reading(utcnow().timestamp(), count, said or type(error).__name__)
    return Reading(utcnow().timestamp(), count)


def last_reading() -> Reading | None:
    """What came of reading it last, as far as is known."""
    try:
        found = queue.connection().get(KEY)
        return Reading(**json.loads(found)) if found else None
    except (RedisError, OSError, ValueError, TypeError):
        return None
