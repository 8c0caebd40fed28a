"""A forgotten password."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailer.auth.queries import find_user
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.user import User
from tests.auth.conftest import Mailbox, fresh, path_in, seen
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user
from tests.narrowing import one

NEW_PASSWORD = "another set of words"


def ask(web: Browser, email: str = "person@golub.test") -> TestResponse:
    return web.post("/forgot", data={"email": email})


def test_a_forgotten_password_is_replaced_by_mail(web: Browser, mailbox: Mailbox, person: User) -> None:
    ask(web)
    path = mailbox.fetch_path()
    before = fresh(person).password_hash
    assert web.get(path).status_code == 200
    assert fresh(person).password_hash == before, "opening the link changes nothing"
    assert web.post(path, data={"password": NEW_PASSWORD}).location == "/login"
    assert web.get("/profile").status_code == 302, "nobody is signed in by a link"
    assert web.post("/login", data={"email": person.email, "password": PASSWORD}).status_code == 422
    assert web.post("/login", data={"email": person.email, "password": NEW_PASSWORD}).status_code == 303
    assert mailbox.fetch_one()["To"] == person.email, "the change is told by mail"


def test_every_session_ends(web: Browser, as_owner: Browser, owner: User, mailbox: Mailbox) -> None:
    assert as_owner.get("/profile").status_code == 200
    ask(web, owner.email)
    web.post(mailbox.fetch_path(), data={"password": NEW_PASSWORD})
    assert as_owner.get("/profile").status_code == 302


def test_nobody_learns_who_has_an_account(web: Browser, mailbox: Mailbox, person: User) -> None:
    make_user(email="blocked@golub.test", blocked_at=utcnow(), block_reason="spam")
    make_user(email="unconfirmed@golub.test", confirmed=False)
    answers = set()
    for email in ("person@golub.test", "nobody@golub.test", "blocked@golub.test", "unconfirmed@golub.test"):
        answers.add(seen(ask(web, email), email))
    assert len(answers) == 1
    assert {mail["To"] for mail in mailbox.fetch()} == {
        "person@golub.test",
        "blocked@golub.test",
        "unconfirmed@golub.test",
    }


def test_no_address_of_a_stranger_is_kept(web: Browser, mailbox: Mailbox) -> None:
    ask(web, "nobody@golub.test")
    assert mailbox.fetch() == []
    assert set(db.session.scalars(select(AccountEmail.to_email))) == {""}


def test_only_the_newest_link_works_and_only_once(web: Browser, mailbox: Mailbox, person: User) -> None:
    ask(web)
    ask(web)
    old, new = (path_in(mail) for mail in mailbox.fetch())
    assert web.get(old).status_code == 404
    assert web.post(old, data={"password": NEW_PASSWORD}).status_code == 404
    assert web.post(new, data={"password": NEW_PASSWORD}).status_code == 303
    assert web.post(new, data={"password": "yet another password"}).status_code == 404


def test_a_link_works_for_half_an_hour(web: Browser, mailbox: Mailbox, person: User) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        ask(web)
        path = mailbox.fetch_path()
        clock.shift(timedelta(minutes=30, seconds=1))
        assert web.post(path, data={"password": NEW_PASSWORD}).status_code == 404
        clock.shift(timedelta(seconds=-2))
        assert web.post(path, data={"password": NEW_PASSWORD}).status_code == 303


def test_a_weak_password_does_not_use_the_link_up(web: Browser, mailbox: Mailbox, person: User) -> None:
    ask(web)
    path = mailbox.fetch_path()
    for weak in ("short", "password1", "person@golub.test", "person123"):
        answer = web.post(path, data={"password": weak})
        assert answer.status_code == 422
        assert 'id="password-error"' in answer.text
    assert web.post(path, data={"password": NEW_PASSWORD}).status_code == 303


def test_an_unconfirmed_address_is_proved_by_it_and_a_block_is_not_lifted(web: Browser, mailbox: Mailbox) -> None:
    make_user(email="unconfirmed@golub.test", confirmed=False)
    make_user(email="blocked@golub.test", blocked_at=utcnow(), block_reason="spam")
    for email in ("unconfirmed@golub.test", "blocked@golub.test"):
        ask(web, email)
        assert web.post(mailbox.fetch_path(), data={"password": NEW_PASSWORD}).status_code == 303
        mailbox.fetch()
    assert one(find_user("unconfirmed@golub.test")).confirmed_at is not None
    assert web.post("/login", data={"email": "blocked@golub.test", "password": NEW_PASSWORD}).status_code == 422
    assert web.post("/login", data={"email": "unconfirmed@golub.test", "password": NEW_PASSWORD}).status_code == 303


def test_there_is_a_link_that_works_whatever_strangers_ask_for(web: Browser, mailbox: Mailbox, person: User) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        for form in ("/register", "/forgot", "/confirm/resend") * 5:
            web.post(form, data={"email": person.email, "consent": "y"})
        paths = [path_in(mail) for mail in mailbox.fetch()]
        assert len(paths) == 5, "three of registering, two of recovery"
        assert web.get(paths[-1]).status_code == 200 or web.get(paths[-2]).status_code == 200
        clock.shift(timedelta(minutes=31))
        for _try in range(5):
            ask(web)
        assert web.get(mailbox.fetch_path()).status_code == 200


def test_a_known_browser_has_mails_of_its_own(app: Flask, web: Browser, mailbox: Mailbox, person: User) -> None:
    web.post("/login", data={"email": person.email, "password": PASSWORD})
    web.post("/logout")
    for _try in range(5):
        ask(browser_of(app))
    assert len(mailbox.fetch()) == 2
    assert ask(web).status_code == ask(browser_of(app)).status_code == 200
    assert web.get(mailbox.fetch_path()).status_code == 200
    for _try in range(5):
        ask(web)
    assert len(mailbox.fetch()) == 2, "three an hour"
