"""Account mails survive a mail server that is away, slow or cross."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from markupsafe import escape
from sqlalchemy import select

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.user import User
from tests.auth.conftest import Mailbox, text_of
from tests.conftest import Browser


@pytest.fixture
def row(web: Browser, mailbox: Mailbox, person: User) -> AccountEmail:
    """A recovery mail that waits to be sent."""
    web.post("/forgot", data={"email": person.email})
    return db.session.scalars(select(AccountEmail)).one()


def refreshed(row: AccountEmail) -> AccountEmail:
    db.session.expire_all()
    return db.session.get_one(AccountEmail, row.id)


def test_a_mail_waits_for_the_server_to_come_back(mailbox: Mailbox, row: AccountEmail) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        mailbox.lab.refuse()
        assert mailbox.fetch() == []
        row = refreshed(row)
        assert (row.try_count, row.sent_at, row.given_up_at) == (1, None, None)
        assert row.last_error
        mailbox.lab.listen()
        assert mailbox.fetch() == [], "not before its pause is over"
        clock.shift(timedelta(seconds=16))
        assert len(mailbox.fetch()) == 1
    row = refreshed(row)
    assert row.sent_at is not None and row.last_error is None and row.context == {}


def test_pauses_grow_and_end_after_ten_tries(mailbox: Mailbox, row: AccountEmail) -> None:
    mailbox.lab.refuse()
    pauses = []
    with time_machine.travel(utcnow(), tick=False) as clock:
        while refreshed(row).given_up_at is None:
            mailbox.fetch()
            pauses.append(refreshed(row).next_try_at - utcnow())
            clock.shift(timedelta(hours=3))
    assert len(pauses) == outbox.MAX_TRIES
    assert [pause.total_seconds() for pause in pauses[:3]] == [15, 30, 60]
    assert max(pauses) <= timedelta(hours=2)
    assert refreshed(row).context == {}


@pytest.mark.parametrize(
    ("rule", "given_up"),
    [
        ("RCPT -> 550 5.1.1 No such user", True),
        ("RCPT -> 451 4.2.1 Try again later", False),
        ("DOT -> 554 5.7.1 No", True),
        ("DOT -> 452 4.3.1 Full", False),
        ("DOT -> drop", False),
        ("GREETING -> 554 5.7.1 Go away", False),
    ],
)
def test_only_a_refusal_of_this_mail_is_final(mailbox: Mailbox, row: AccountEmail, rule: str, given_up: bool) -> None:
    mailbox.lab.obey(rule)
    assert mailbox.fetch() == []
    row = refreshed(row)
    assert (row.given_up_at is not None) is given_up
    assert row.sent_at is None and row.last_error


def test_a_mail_is_sent_once_however_many_workers_take_it(app: Flask, mailbox: Mailbox, row: AccountEmail) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        with app.app_context():
            barrier.wait()
            outbox.send_account_email(row.id)

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not outbox.send_account_email(row.id)
    assert mailbox.lab.count("person@golub.test") == 1


def test_a_lost_goodbye_does_not_send_twice(mailbox: Mailbox, row: AccountEmail) -> None:
    mailbox.lab.obey("QUIT -> drop")
    assert len(mailbox.fetch()) == 1
    assert refreshed(row).sent_at is not None


def test_a_mail_claimed_by_a_dead_worker_is_due_again(mailbox: Mailbox, row: AccountEmail) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        assert outbox._claim(row.id, utcnow()) is not None
        assert mailbox.fetch() == []
        clock.shift(outbox.LEASE)
        assert len(mailbox.fetch()) == 1


def test_a_silent_server_cannot_hold_a_worker(
    app: Flask, mailbox: Mailbox, row: AccountEmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAIL_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(app.extensions["mail"], "port", silent.getsockname()[1])
        assert not outbox.send_account_email(row.id)
    assert "timed out" in (refreshed(row).last_error or "")


TEMPLATES: dict[str, dict[str, Any]] = {
    "confirm-email": {"link": "http://golub.test/a?b=1&c=2"},
    "invitation": {"link": "http://golub.test/a?b=1&c=2"},
    "already-registered": {"login_link": "http://golub.test/login", "recovery_link": "http://golub.test/forgot"},
    "reset-password": {"link": "http://golub.test/a?b=1&c=2"},
    "server-fault": {"server": "mail.test:25", "said": "535 5.7.8 No"},
    "password-changed": {"recovery_link": "http://golub.test/forgot"},
    "confirm-new-email": {"link": "http://golub.test/a?b=1&c=2"},
    "email-change-asked": {"new_email": "o…@golub.test", "recovery_link": "http://golub.test/forgot"},
    "confirm-own-address": {"link": "http://golub.test/a?b=1&c=2", "account": "o'n@golub.test"},
    "email-changed": {"new_email": "o'n<i>l@golub.test"},
    "second-factor-on": {},
    "second-factor-off": {},
    "new-device": {"device": "Firefox, Linux", "ip": "192.0.2.7", "when": "now", "link": "http://golub.test/a"},
    "account-blocked": {"reason": "Bought <b>list</b>"},
    "account-unblocked": {},
    "account-deleted": {},
    "run-stopped": {"name": "A&B", "reason": "<i>", "link": "http://golub.test/a"},
    "mailing-disabled": {"name": "A&B", "reason": "<i>", "link": "http://golub.test/a"},
    "mailing-enabled": {"name": "A&B", "link": "http://golub.test/a"},
    "mailing-approved": {"name": "A&B", "link": "http://golub.test/a"},
    "domain-ended": {"domain": "shop.example", "domain_id": "7"},
    "segment-broken": {"name": "A&B", "users": "“<i>”, “B”", "segment_id": "7"},
    "run-bounced": {"name": "A&B", "mailing_id": "7", "run_id": "8", "said": "550 5.1.1 <No>"},
    "sign-up-confirm": dict.fromkeys(("subject", "text", "sender", "link"), "A&B"),
    "sign-up-already": {"sender": "A&B", "title": "On <b>tea</b>", "link": "http://golub.test/a?b=1&c=2"},
    "sign-up-news": {"form": "On <b>tea</b>", "count": 2, "link": "http://golub.test/clients/forms/1"},
    "run-paused": {"name": "A&B", "mailing_id": "7", "run_id": "8", "said": "550 5.7.1 <No>"},
    "overdue": {"lines": "A&B: a run is late", "link": "http://golub.test/calendar/punctuality"},
    "mailing-rejected": {"name": "A&B", "reason": "<i>", "link": "http://golub.test/a"},
    "article-approved": {"title": "On <b>tea</b>", "link": "http://golub.test/blog/a?b=1&c=2"},
    "article-rejected": {"title": "Tea", "reason": "Where's <i>proof</i>?", "link": "http://golub.test/articles/1"},
}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_is_complete_in_both_languages(mailbox: Mailbox, template: str, language: str) -> None:
    values = TEMPLATES[template]
    outbox.add(template, "person@golub.test", language, **values)
    db.session.commit()
    mail = mailbox.fetch_one()
    assert mail["Subject"].strip() and "\n" not in mail["Subject"]
    assert f'<html lang="{language}">' in text_of(mail, "html")
    assert "person@golub.test" in text_of(mail, "html"), "it says whom it was sent to"
    for value in values.values():
        assert str(value) in text_of(mail), "plain text is not escaped"
        assert str(escape(value)) in text_of(mail, "html")


def test_long_words_and_subjects_leave_as_lines_that_every_server_takes(mailbox: Mailbox) -> None:
    """RFC 5322, 2.1.1: 998 octets a line. What Flask-Mail writes itself is as long as it comes."""
    link = "http://golub.test/" + "a" * 4000
    reason = "Рассылка " + "очень " * 300 + "длинная"
    outbox.add("reset-password", "person@golub.test", "ru", link=link)
    outbox.add("mailing-disabled", "person@golub.test", "ru", name=reason, reason=reason, link=link)
    db.session.commit()
    one, other = mailbox.fetch()
    assert link in text_of(one) and link in text_of(one, "html")
    assert other["Subject"].count("очень ") == 300, "no word of a subject is lost or torn"
    assert reason in text_of(other)
    for record in mailbox.lab.accepted:
        assert max(map(len, (record.content or b"").split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("granted", "language", "words"),
    [
        ("oversee,set-limits", "en", "see everything, set limits"),
        ("oversee", "ru", "видеть всё"),
        ("", "en", "only the permissions of your role"),
    ],
)
def test_permissions_are_named_in_the_mail(mailbox: Mailbox, granted: str, language: str, words: str) -> None:
    outbox.add("permissions-changed", "person@golub.test", language, granted=granted)
    db.session.commit()
    mail = mailbox.fetch_one()
    assert words in text_of(mail) and words in text_of(mail, "html")


def test_every_folder_of_mails_is_tested(app: Flask) -> None:
    folders = (Path(app.root_path) / "templates" / "mail").iterdir()
    shown_elsewhere = {"role-changed", "permissions-changed"}  # tests/manager/test_blocking.py, and above
    assert {folder.name for folder in folders if folder.is_dir()} == set(TEMPLATES) | shown_elsewhere
