"""A form, a mailbox behind a real SMTP server, and a visitor who does what a browser does."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from urllib.parse import urlsplit

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.sign_up import SignUpForm
from mailer.models.user import User
from mailer.signup.proof_of_work import PUZZLES, is_hit
from tests.auth.conftest import Mailbox, lab, mailbox  # noqa: F401 - fixtures
from tests.conftest import Browser, browser_of
from tests.series.conftest import make_series  # noqa: F401 - a fixture

FORM = {
    "name": "On the site", "language": "en", "title": "News of the shop", "intro": "Once a week.",
    "asked": ["first_name"], "consent_mail": "I want the letters.", "consent_data": "Process my data.", "tags": "shop",
    "mail_subject": "Confirm: {{ sender }}", "mail_text": "Hello!\n\n{{ link }}\n\nFor {{ form }}.",
    "after_text": "See you on Monday.",
}  # fmt: skip


def solved(challenge: str) -> str:
    """What `proof_worker.js` finds."""
    return ".".join(str(next(n for n in count() if is_hit(f"{challenge}~{puzzle}~{n}"))) for puzzle in range(PUZZLES))


def fields_in(page: str) -> dict[str, str]:
    """Names and values of a page's inputs, boxes ticked."""
    inputs = re.findall(r"<input[^>]*>", page[page.index('<form method="post"') :])
    found = {}
    for one in inputs:
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', one))
        if "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found


@dataclass
class Visitor:
    """Somebody with a browser, without an account."""

    web: Browser
    clock: time_machine.Traveller
    path: str

    def sign_up(self, email: str, **answers: str) -> TestResponse:
        """Open the hosted page, fill it in, let the script work, send it."""
        typed = fields_in(self.web.get(self.path).text) | {"email": email} | answers
        typed["proof"] = solved(typed["challenge"])
        self.clock.shift(timedelta(seconds=4))
        return self.web.post(self.path, data=typed)

    def press(self, mail_text: str) -> TestResponse:
        """Follow the link of a mail and press its button."""
        link = re.search(r"http://golub\.test/\S+", mail_text)
        assert link, mail_text
        path = urlsplit(link[0]).path
        assert self.web.get(path).status_code == 200
        return self.web.post(path)


@pytest.fixture(autouse=True)
def light_puzzles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python looks for numbers far slower than a browser; the real weight is carried in Chromium."""
    monkeypatch.setattr("mailer.signup.proof_of_work.BITS", 6)


@pytest.fixture
def form(as_owner: Browser, owner: User) -> SignUpForm:
    """A form as its owner makes it."""
    answer = as_owner.post("/clients/forms/new", data=FORM)
    assert answer.status_code == 303, answer.text
    return db.session.scalars(db.select(SignUpForm)).one()


@pytest.fixture
def visitor(app: Flask, form: SignUpForm) -> Iterator[Visitor]:
    """At that form; the clock stands still but for them."""
    with time_machine.travel(utcnow(), tick=False) as clock:
        yield Visitor(browser_of(app), clock, f"/s/{form.token}")
