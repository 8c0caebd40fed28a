"""How each way for mail to come back stands, as far as can be seen from here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app
from sqlalchemy import func, select

from mailer.bounces.providers.call import USER, Provider
from mailer.bounces.providers.known import PROVIDERS
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.returns import receiver, webhooks
from mailer.returns.mailbox_job import Reading, configured, last_reading
from mailer.sending.servers import mail_routes

ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A provider's, as far as it is set up. `url` is what to enter there; its password is left out."""

    provider: Provider
    url: str
    is_set_up: bool
    servers: list[str]  # whose mails carry a token for it
    taken_at: datetime | None
    refused_at: datetime | None  # unless one was taken later
    refused: str  # signature, replay or fetch


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What staff see of the doors."""

    address: str | None  # with a `*` for the token; None: nothing comes back
    is_aligned: bool  # its domain is that of From, or below it
    receiver: str  # where it listens
    receiver_answers: bool
    mailbox: str | None
    reading: Reading | None
    last_by_door: dict[Door, datetime]  # when a report came in by it last
    report_count: int
    unread_count: int
    webhooks: list[Webhook]  # those that are set up, or that a mail server names

    @property
    def is_any(self) -> bool:
        """Whether anything can come back."""
        return self.address is not None or any(hook.is_set_up for hook in self.webhooks)


def standing() -> WaysIn:
    """Ask the doors and the database."""
    config = current_app.config
    address, box = config["BOUNCE_ADDRESS"], configured()
    reports, unread = _by_door(MailReport), _by_door(UnreadMail)
    last_by_door: dict[Door, datetime] = {}
    for door, at, _count in (*reports, *unread):
        last_by_door[door] = max(at, last_by_door.get(door, at))
    ours, theirs = config["MAILINGS_FROM"].rpartition("@")[2].lower(), (address or "").rpartition("@")[2].lower()
    return WaysIn(
        address=address,
        is_aligned=theirs == ours or theirs.endswith(f".{ours}"),
        receiver=f"{receiver.HOST}:{config['BOUNCE_PORT']}",
        receiver_answers=address is not None and _answers(config["BOUNCE_PORT"]),
        mailbox=box.name if box is not None else None,
        reading=last_reading() if box is not None else None,
        last_by_door=last_by_door,
        report_count=sum(count for _door, _at, count in reports),
        unread_count=sum(count for _door, _at, count in unread),
        webhooks=list(_webhooks()),
    )


def _webhooks() -> Iterator[Webhook]:
    servers: dict[str, list[str]] = {}
    for route in mail_routes.configured():
        servers.setdefault(route.transport.provider or "", []).append(route.transport.name)
    set_up = webhooks.configured()
    for name, provider in PROVIDERS.items():
        if name not in set_up and name not in servers:
            continue
        calls = webhooks.last_calls(provider)
        url = absolute_url("webhooks.take", provider=name)
        if provider.user:
            url = url.replace("://", f"://{USER}:…@", 1)
        is_refused = calls.refused_at is not None and calls.refused_at > (calls.taken_at or 0)
        yield Webhook(
            provider, url, name in set_up, servers.get(name, []), _moment(calls.taken_at),
            _moment(calls.refused_at) if is_refused else None, calls.refused,
        )  # fmt: skip


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _by_door(model: type[MailReport | UnreadMail]) -> list[tuple[Door, datetime, int]]:
    """When the last one came by each door, and how many there are."""
    query = select(model.door, func.max(model.received_at), func.count()).group_by(model.door)
    return [(door, at, count) for door, at, count in db.session.execute(query)]


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((receiver.HOST, port), ANSWER_SECONDS) as talk:
        talk.settimeout(ANSWER_SECONDS)
        return talk.recv(64).startswith(b"220")
    return False
