"""How each way for mail to come back stands, as far as can be seen from here."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select

from mailer.extensions import db
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.returns import receiver
from mailer.returns.mailbox_job import Reading, configured, last_reading

ANSWER_SECONDS = 2.0


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
    )


def _by_door(model: type[MailReport | UnreadMail]) -> list[tuple[Door, datetime, int]]:
    """When the last one came by each door, and how many there are."""
    query = select(model.door, func.max(model.received_at), func.count()).group_by(model.door)
    return [(door, at, count) for door, at, count in db.session.execute(query)]


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((receiver.HOST, port), ANSWER_SECONDS) as talk:
        talk.settimeout(ANSWER_SECONDS)
        return talk.recv(64).startswith(b"220")
    return False
