"""A mailbox behind a real SMTP server, and accounts with the steps people take."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default as modern
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.user import User
from mailer.smtp.testserver import Lab
from tests.factories import make_user


@dataclass
class Mailbox:
    """What the mail server took; `fetch` first sends whatever is due, as the tick does."""

    lab: Lab
    _read_count: int = field(default=0)

    def fetch(self) -> list[EmailMessage]:
        """Send what is due and return what arrived since the last fetch."""
        for id_ in outbox.due_account_emails(utcnow()):
            outbox.send_account_email(id_)
        new = self.lab.accepted[self._read_count :]
        self._read_count += len(new)
        return [email.message_from_bytes(one.content or b"", policy=modern) for one in new]

    def fetch_one(self) -> EmailMessage:
        """The one mail that has arrived."""
        (mail,) = self.fetch()
        return mail

    def fetch_path(self, to: str = "") -> str:
        """The path of the link in the one mail that has arrived (to this address)."""
        (mail,) = [mail for mail in self.fetch() if to in mail["To"]]
        return path_in(mail)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of one part, decoded."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def composed(row: AccountEmail) -> EmailMessage:
    """The mail of a row of the outbox, as its reader's program takes it apart."""
    return email.message_from_bytes(outbox._notice(row).as_bytes(), policy=modern)


def path_in(mail: EmailMessage) -> str:
    """The path of the first link of a mail, which leads to the configured site."""
    link = re.search(r"http://golub\.test/\S+", text_of(mail))
    assert link, text_of(mail)
    return urlsplit(link[0]).path


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A mail server."""
    with Lab(keep_content=True) as lab:
        yield lab


@pytest.fixture
def mailbox(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Mails of this app go to `lab`."""
    settings = app.extensions["mail"]
    monkeypatch.setattr(settings, "server", "127.0.0.1")
    monkeypatch.setattr(settings, "port", lab.port)
    monkeypatch.setattr(settings, "suppress", False)
    return Mailbox(lab)


@pytest.fixture
def person(app: Flask) -> User:
    """Somebody who reads English, with the address person@golub.test."""
    return make_user(email="person@golub.test", language="en")


def fresh(user: User) -> User:
    """The same person as the database has them now."""
    db.session.expire_all()
    return db.session.get_one(User, user.id)


def seen(answer: TestResponse, email: str) -> tuple[int, str]:
    """What a visitor can tell one answer from another by: the status and the page without address and form tokens."""
    page = re.sub(r'(csrf[_-]token" (?:value|content)=")[^"]+', r"\1", answer.text)
    return answer.status_code, re.sub(re.escape(email), "x", page, flags=re.IGNORECASE) if email else page
