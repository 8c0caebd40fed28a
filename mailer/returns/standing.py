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
    last = db.session.execute(select(MailReport.door, func.max(MailReport.received_at)).group_by(MailReport.door))
    last_by_door: dict[Door, datetime] = {row[0]: row[1] for row in last}
    for door, at in db.session.execute(
        select(UnreadMail.door, func.max(UnreadMail.received_at)).group_by(UnreadMail.door)
    ):
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
        report_count=db.session.scalar(select(func.count()).select_from(MailReport)) or 0,
        unread_count=db.session.scalar(select(func.count()).select_from(UnreadMail)) or 0,
    )


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((receiver.HOST, port), ANSWER_SECONDS) as talk:
        talk.settimeout(ANSWER_SECONDS)
        return talk.recv(64).startswith(b"220")
    return False
