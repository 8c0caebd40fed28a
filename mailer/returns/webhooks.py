"""Calls of mail providers: believed by their signature, then kept event by event, each in one commit."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from hashlib import sha256

import structlog
from flask import current_app
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailer import outgoing, queue
from mailer.bounces.providers.call import Call, Provider, ProviderEvent
from mailer.bounces.providers.known import PROVIDERS
from mailer.extensions import db
from mailer.models.mail_report import Door
from mailer.returns.certificates import certificate
from mailer.returns.taking import Taken, note

log = structlog.get_logger()

LOCK_MS = 2_000  # some providers wait for no more than three seconds, and all come again
SPENT_SECONDS = 3600  # longer than any signed time is fresh
REMEMBERED_SECONDS = 90 * 86_400
KEY = "returns:webhook:"


class Answer(Enum):
    """What became of a call, and the status it is answered with."""

    TAKEN = 200
    REFUSED = 403  # not the provider's, too old, or used before
    AWAY = 429  # our database or Redis is away: every provider comes again, which at a 5yz some do not
    LATER = 503  # a file of the provider's could not be had


@dataclass(frozen=True, slots=True)
class Calls:
    """When a provider last called, in seconds since 1970; `refused` says why that call was not believed."""

    taken_at: float | None = None
    refused_at: float | None = None
    refused: str = ""


def configured() -> dict[str, Provider]:
    """The providers whose webhook is set up, by name."""
    return {name: PROVIDERS[name] for name in current_app.config["WEBHOOKS"]}


def take_call(provider: Provider, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Take what a provider brings; harmless any number of times. Commits once an event."""
    try:
        return _take_call(provider, body, headers)
    except (DBAPIError, RedisError) as error:
        db.session.rollback()
        log.error("webhook not taken", provider=provider.name, error=repr(error)[:500])
        return Answer.AWAY


def _take_call(provider: Provider, body: bytes, headers: Mapping[str, str]) -> Answer:
    call = Call(body, headers, time.time(), certificate)
    try:
        if not provider.is_authentic(call, current_app.config["WEBHOOKS"][provider.name]):
            return _refuse(provider, "signature")
        said = call.parsed()
        events = list(provider.events(said))
        if (once := provider.one_time(said)) and not _spend(provider, once, events):
            return _refuse(provider, "replay")
        taken = [_take(provider, event) for event in events]
    except outgoing.NotFetched as error:
        log.warning("webhook of a provider: nothing fetched", provider=provider.name, error=str(error))
        _remember(provider, replace(last_calls(provider), refused_at=call.now, refused="fetch"))
        return Answer.LATER
    _remember(provider, Calls(taken_at=call.now))
    log.info("webhook taken", provider=provider.name, events=len(events), noted=taken.count(Taken.NOTED))
    return Answer.TAKEN


def _take(provider: Provider, event: ProviderEvent) -> Taken | None:
    if event.visit:
        outgoing.fetch(event.visit)
        log.info("webhook confirmed", provider=provider.name)
    if event.report is None:
        return None
    db.session.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
    digest = sha256(f"{provider.name}\0{event.event_id}".encode("utf-8", "replace")).digest()
    return note(event.report, Door.WEBHOOK, digest, (), event.content, len(event.content)).taken


def _spend(provider: Provider, once: str, events: list[ProviderEvent]) -> bool:
    """Whether this word is new, or comes again with the event that it came with."""
    meant = sha256("\0".join(event.event_id for event in events).encode("utf-8", "replace")).hexdigest()
    key = f"{KEY}{provider.name}:once:{sha256(once.encode('utf-8', 'replace')).hexdigest()}"
    redis = queue.connection()
    return bool(redis.set(key, meant, ex=SPENT_SECONDS, nx=True)) or redis.get(key) == meant.encode()


def _refuse(provider: Provider, why: str) -> Answer:
    log.warning("webhook refused", provider=provider.name, why=why)
    _remember(provider, replace(last_calls(provider), refused_at=time.time(), refused=why))
    return Answer.REFUSED


def _remember(provider: Provider, calls: Calls) -> None:
    with suppress(RedisError, OSError):
        queue.connection().set(KEY + provider.name, json.dumps(asdict(calls)), ex=REMEMBERED_SECONDS)


def last_calls(provider: Provider) -> Calls:
    """What is known of the calls of a provider."""
    try:
        found = queue.connection().get(KEY + provider.name)
        return Calls(**json.loads(found)) if found else Calls()
    except (RedisError, OSError, ValueError, TypeError):
        return Calls()
