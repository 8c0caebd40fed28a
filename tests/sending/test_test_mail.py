"""A test mail goes to its author only, and is the very mail that the client would get."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern

import pytest
from flask import Flask

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.mail_headers import TRIAL_TOKEN, UNSUBSCRIBE_PATH
from mailer.smtp.testserver import Lab
from tests.auth.conftest import text_of
from tests.conftest import Browser
from tests.factories import make_client, make_message
from tests.sending.conftest import finish

NAMING_THE_MAILING = ("List-Id", "Feedback-ID", "X-Postmaster-Msgtype")  # a test of a message is of none
OWN_TO_EACH = {"Date", "Message-ID", "To", "List-Unsubscribe", "Content-Type", *NAMING_THE_MAILING}


@pytest.fixture
def arrived(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[EmailMessage]]:
    """Send what is due, and give everything that ever arrived; mails of accounts would go elsewhere."""
    settings = app.extensions["mail"]
    monkeypatch.setattr(settings, "suppress", False)
    monkeypatch.setattr(settings, "port", 1)

    def read() -> list[EmailMessage]:
        for id_ in outbox.due_account_emails(utcnow()):
            outbox.send_account_email(id_)
        return [message_from_bytes(record.content or b"", policy=modern) for record in lab.accepted]

    return read


@pytest.mark.parametrize("html", ["", "<p>Hello, <b>{{ first_name }}</b> & friends</p>"])
def test_the_author_reads_what_the_client_would(
    arrived: Callable[[], list[EmailMessage]], as_owner: Browser, owner: User, html: str
) -> None:
    client = make_client(owner, first_name="Anna <3")
    make_message(owner, subject="For {{ first_name }}", text_body="Hello, {{ first_name }} & friends", html_body=html)
    answer = as_owner.post("/messages/1/test", data={"client": client.id})
    assert answer.status_code == 303

    (mail,) = arrived()
    assert mail["To"].addresses[0].addr_spec == owner.email
    assert mail["Subject"] == "For Anna <3"
    assert "Hello, Anna <3 & friends" in text_of(mail)
    if html:
        assert "Anna &lt;3" in text_of(mail, "html")


def test_a_test_is_the_mail_of_a_run_but_for_its_mark(
    arrived: Callable[[], list[EmailMessage]], as_owner: Browser, owner: User, make_run: Callable[..., Run]
) -> None:
    subject = "Очень длинная тема письма, " * 7
    message = make_message(
        owner, subject=subject.strip(), text_body="Hello", html_body="<p>Hello, {{ first_name }}</p>"
    )
    run = finish(make_run("anna@example.test", message=message))
    assert run.accepted_count == 1
    as_owner.post(f"/messages/{message.id}/test", data={"client": 1})

    real, test = arrived()
    assert test["X-Golub-Test"] == "yes" and real["X-Golub-Test"] is None
    assert [name for name in test if name != "X-Golub-Test"] == list(real)
    for name in set(real) - OWN_TO_EACH:
        assert test[name] == real[name], name
    assert test["Subject"] == subject.strip(), "no space is lost"
    mine, of_tests = [str(mail["List-Unsubscribe"]).strip("<>") for mail in (real, test)]
    assert str(TRIAL_TOKEN) in of_tests
    for kind in ("plain", "html"):
        assert text_of(test, kind) == text_of(real, kind).replace(mine, of_tests)


def test_two_tests_are_two_mails_and_the_word_in_the_subject_is_a_choice(
    arrived: Callable[[], list[EmailMessage]], as_owner: Browser, owner: User
) -> None:
    """Mail programs show two mails of one Message-ID as one."""
    make_message(owner, subject="News")
    as_owner.post("/messages/1/test")
    as_owner.post("/messages/1/test", data={"marks_subject": "1"})
    plain, marked = arrived()
    assert plain["Message-ID"] != marked["Message-ID"]
    assert (plain["Subject"], marked["Subject"]) == ("News", "[Тест] News")


def test_a_line_of_a_minifier_leaves_in_lines_that_every_server_takes(
    arrived: Callable[[], list[EmailMessage]], lab: Lab, as_owner: Browser, owner: User
) -> None:
    html = f"<p>{'Длинная строка из минификатора. ' * 110}</p>"
    make_message(owner, subject="News", text_body="", html_body=html)
    as_owner.post("/messages/1/test")
    (mail,) = arrived()
    assert html in text_of(mail, "html")
    (record,) = lab.accepted
    assert max(map(len, (record.content or b"").split(b"\r\n"))) <= 998


def test_the_link_of_a_test_explains_itself_and_unsubscribes_nobody(
    arrived: Callable[[], list[EmailMessage]], app: Flask, as_owner: Browser, owner: User, web: Browser
) -> None:
    make_client(owner, email=owner.email)
    make_message(owner)
    as_owner.post("/messages/1/test", data={"client": 1})
    (mail,) = arrived()
    path = str(mail["List-Unsubscribe"]).removeprefix("<http://golub.test").rstrip(">")
    page = web.get(path)
    assert page.status_code == 200 and 'data-state="test"' in page.text
    assert web.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert web.post(f"{path}/again").status_code == 303
    assert db.session.execute(db.text("SELECT count(*) FROM suppressions")).scalar_one() == 0


def test_the_unsubscribe_link_of_mails_is_the_route_of_the_page(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules("unsubscribe.page")}
    assert UNSUBSCRIBE_PATH + "<uuid:token>" in rules
    assert UNSUBSCRIBE_PATH + "<uuid:token>/<string(length=8):link_code>" in rules
