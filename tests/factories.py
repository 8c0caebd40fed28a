"""Builders of rows: each commits and returns what it made; say only what the test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import Role, User
from mailer.recurrence.rule import Period
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.start import start_due

T = TypeVar("T")
numbers = count(1)
PASSWORD = "correct horse battery"
# Argon2id of PASSWORD with the cheapest cost, so that tests do not spend their time hashing.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$Jc/5wYDAvKluOBhPGWC6zA$OYh2JEpbsYhrD69vQzOF3AQjod8x2zo0rn+kydjJ+dk"


def save(row: T) -> T:
    """Commit one new row and give it back."""
    db.session.add(row)
    db.session.commit()
    return row


def make_user(email: str | None = None, role: Role = Role.USER, confirmed: bool = True, **values: Any) -> User:
    """A user whose password is `PASSWORD`."""
    return save(
        User(
            email=email or f"user{next(numbers)}@golub.test",
            role=role,
            password_hash=values.pop("password_hash", PASSWORD_HASH),
            confirmed_at=utcnow() if confirmed else None,
            **values,
        )
    )


def make_client(owner: User, email: str | None = None, **values: Any) -> Client:
    """A client of `owner`."""
    email = email or f"client{next(numbers)}@example.test"
    return save(Client(owner_id=owner.id, email=email, email_key=email.lower(), **values))


def make_message(owner: User, **values: Any) -> Message:
    """A short text message with one placeholder."""
    values = {"subject": "News", "text_body": "Hello, {{ first_name }}!", "html_body": ""} | values
    return save(Message(owner_id=owner.id, **values))


def make_mailing(owner: User, clients: list[Client] | None = None, **values: Any) -> Mailing:
    """A daily mailing in UTC, not planned yet, to `clients` (or to everyone)."""
    message = values.pop("message", None) or make_message(owner)
    starts: datetime = values.pop("starts_local", None) or (utcnow() + timedelta(days=1)).replace(tzinfo=None)
    mailing = Mailing(
        owner_id=owner.id,
        message_id=message.id,
        starts_local=starts,
        audience=values.pop("audience", Audience.EVERYONE if clients is None else Audience.CLIENTS),
        **({"name": "A mailing", "period": Period.DAILY, "timezone": "UTC"} | values),
    )
    save(mailing)
    if clients:
        db.session.execute(
            mailing_clients.insert(),
            [{"mailing_id": mailing.id, "client_id": client.id, "owner_id": owner.id} for client in clients],
        )
        db.session.commit()
    return mailing


def make_due_run(owner: User, clients: list[Client] | None = None, **values: Any) -> Run:
    """A run, due now, of a mailing to `clients` (or to everyone), made as the tick makes it; nothing of it is sent."""
    values = {"starts_local": (utcnow() - timedelta(minutes=1)).replace(tzinfo=None)} | values
    mailing = make_mailing(owner, clients, **values)
    set_next_run(mailing, utcnow())
    db.session.commit()
    (run_id,) = start_due()
    return db.session.get_one(Run, run_id)


def add_clients(owner: User, count: int) -> None:
    """Many clients at once: c1@example.test, c2@example.test …"""
    db.session.execute(
        text(
            "INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment) "
            "SELECT :owner, e, e, '', 'Имя', '', '' FROM (SELECT 'c' || n || '@example.test' AS e "
            "FROM generate_series(1, :count) n) AS people"
        ),
        {"owner": owner.id, "count": count},
    )
    db.session.commit()
