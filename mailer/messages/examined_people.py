"""The mail of every person of a mailing, composed as it would be sent, and thrown away: who would get a hole, a subject
that is cut or empty, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import literal

from mailer.clock import utcnow
from mailer.composing.email import CompiledEmail, Recipient, compile_email
from mailer.composing.headers import HeaderError, one_line
from mailer.composing.inbox import COMPUTER
from mailer.extensions import db
from mailer.messages.check_queries import count_of, people_of
from mailer.models.client import Client
from mailer.models.examination import Examination
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.sending.contents import content_of
from mailer.sending.mail_headers import about_sender, mail_headers_for, unsubscribe_url, values_of
from mailer.sending.parts_for_some import as_object
from mailer.sending.senders import sender_of

BATCH = 500  # people in memory at once
MOST_NAMED = 10
NAME_LENGTH = 80  # characters


def compose_for_all(looked_at: Examination) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """A batch at a time by client id, going on behind the last one."""
    message = db.session.get_one(Message, looked_at.message_id)
    mailing = db.session.get(Mailing, looked_at.mailing_id) if looked_at.mailing_id is not None else None
    owner_id, conditions = looked_at.owner_id, message.conditions or {}
    about = about_sender(sender_of(db.session.get_one(User, owner_id), mailing), message.language)
    compiled = compile_email(content_of(message), mail_headers_for(owner_id, about), utcnow())
    people = people_of(message, mailing)
    total = looked_at.total_count or count_of(people)
    done, result = looked_at.done_count, dict(looked_at.result) or {"after": 0, "found": {}}
    gates = as_object(owner_id, conditions) if conditions else literal(None)
    query = people.add_columns(gates).order_by(Client.id).limit(BATCH)
    yield done, total, result
    while rows := db.session.execute(query.where(Client.id > result["after"])).all():
        for client, lets_through in rows:
            _note(client, _faults(compiled, client, lets_through or {}), result["found"])
            result["after"] = client.id
        done += len(rows)
        db.session.expunge_all()
        yield done, max(done, total), result


def _faults(compiled: CompiledEmail, client: Client, lets_through: dict[str, str]) -> Iterator[str]:
    values = values_of(client) | lets_through
    reader = Recipient(client.email, values, "<look@localhost>", unsubscribe_url(client.token))
    yield from (f"hole {name}" for name in compiled.missing(reader))
    subject = one_line(compiled.subject.render(reader.known_values)).strip()
    if not subject:
        yield "no_subject"
    elif len(subject) > COMPUTER:
        yield "long_subject"
    try:
        compiled.build(reader)
    except HeaderError:
        yield "not_composed"


def _note(client: Client, faults: Iterator[str], found: dict[str, Any]) -> None:
    for fault in faults:
        seen = found.setdefault(fault, {"count": 0, "first": []})
        seen["count"] += 1
        if len(seen["first"]) < MOST_NAMED:
            name = " ".join(filter(None, (client.first_name, client.last_name))) or client.email
            seen["first"].append([client.id, name[:NAME_LENGTH]])
