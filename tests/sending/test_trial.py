"""A trial mail goes to its author only, as a client would get it."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.models.user import User
from mailer.sending.letterhead import UNSUBSCRIBE_PATH
from mailer.smtp.lab import Lab
from tests.auth.conftest import Mailbox, text_of
from tests.conftest import Browser
from tests.factories import make_client, make_message


@pytest.fixture
def mailbox(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Account mails of this app go to `lab`."""
    for name, value in {"server": "127.0.0.1", "port": lab.port, "suppress": False}.items():
        monkeypatch.setattr(app.extensions["mail"], name, value)
    return Mailbox(lab)


@pytest.mark.parametrize("html", ["", "<p>Hello, <b>{{ first_name }}</b> & friends</p>"])
def test_the_author_reads_what_the_client_would(mailbox: Mailbox, as_owner: Browser, owner: User, html: str) -> None:
    client = make_client(owner, first_name="Anna <3")
    make_message(owner, subject="For {{ first_name }}", text_body="Hello, {{ first_name }} & friends", html_body=html)
    answer = as_owner.post("/messages/1/test", data={"client": client.id})
    assert answer.status_code == 303

    mail = mailbox.fetch_one()
    assert mail["To"] == owner.email
    assert mail["Subject"] == "For Anna <3"
    assert "Hello, Anna <3 & friends" in text_of(mail)
    assert "Anna &lt;3" in text_of(mail, "html")
    assert mail["List-Unsubscribe"] is None


def test_the_unsubscribe_link_of_mails_is_the_route_of_the_page(app: Flask) -> None:
    rule = next(app.url_map.iter_rules("unsubscribe.page"))
    assert rule.rule == UNSUBSCRIBE_PATH + "<uuid:token>"
