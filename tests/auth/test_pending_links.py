"""Whoever is put out finds no way back in by a link asked for before."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest
from flask import Flask

from mailer.auth import codes, services
from mailer.extensions import db
from mailer.manager import services as managing
from mailer.models.user import Role, User
from tests.auth.conftest import Mailbox, fresh, path_in
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user

NEW_PASSWORD = "another set of words"


@pytest.fixture
def desk(app: Flask, person: User) -> Browser:
    """The person's own browser."""
    return signed_in(app)


@pytest.fixture
def thief(app: Flask, person: User) -> Browser:
    """Somebody who knows the password and has signed in with it."""
    return signed_in(app)


def signed_in(app: Flask) -> Browser:
    web = browser_of(app)
    assert web.post("/login", data={"email": "person@golub.test", "password": PASSWORD}).status_code == 303
    return web


def change_password(desk: Browser, _mailbox: Mailbox, _person: User) -> None:
    data = {"current": PASSWORD, "new": NEW_PASSWORD}
    assert desk.post("/profile/password", data=data).status_code == 303


def recover_password(desk: Browser, mailbox: Mailbox, _person: User) -> None:
    web = browser_of(desk.application)
    web.post("/forgot", data={"email": "person@golub.test"})
    (mail,) = [mail for mail in mailbox.fetch() if "/reset/" in path_in(mail)]
    assert web.post(path_in(mail), data={"password": NEW_PASSWORD}).status_code == 303


def end_others(desk: Browser, _mailbox: Mailbox, _person: User) -> None:
    assert desk.post("/profile/sessions/end-others").status_code == 303


def end_one(desk: Browser, _mailbox: Mailbox, _person: User) -> None:
    page = desk.get("/profile/sessions").text
    ended = [desk.post(f"/profile/sessions/{id_}/end").status_code for id_ in (1, 2) if f"/sessions/{id_}/end" in page]
    assert ended == [303]


def set_up_second_factor(_desk: Browser, _mailbox: Mailbox, person: User) -> None:
    secret = codes.new_secret()
    services.switch_on(person, secret, pyotp.TOTP(secret).now(), PASSWORD)


def block(_desk: Browser, _mailbox: Mailbox, person: User) -> None:
    managing.block(person, "a stolen account", make_user(email="boss@golub.test", role=Role.ADMIN))


def end_by_admin(_desk: Browser, _mailbox: Mailbox, person: User) -> None:
    managing.end_sessions(person)


def change_role(_desk: Browser, _mailbox: Mailbox, person: User) -> None:
    managing.change_role(person, Role.EDITOR)


@pytest.mark.parametrize(
    "secure",
    [
        change_password,
        recover_password,
        end_others,
        end_one,
        set_up_second_factor,
        block,
        end_by_admin,
        change_role,
    ],
)
def test_no_link_asked_for_before_works_after(
    app: Flask,
    desk: Browser,
    thief: Browser,
    mailbox: Mailbox,
    person: User,
    secure: Callable[[Browser, Mailbox, User], None],
) -> None:
    mailbox.fetch()
    assert thief.post("/profile/email", data={"new_email": "thief@evil.test", "password": PASSWORD}).status_code == 200
    change = mailbox.fetch_path("thief@")
    browser_of(app).post("/forgot", data={"email": person.email})
    reset = mailbox.fetch_path()
    assert [thief.get(path).status_code for path in (change, reset)] == [200, 200]

    secure(desk, mailbox, fresh(person))

    nobody = browser_of(app)
    for path in (change, reset):
        assert nobody.get(path).status_code == 404
        assert nobody.post(path, data={"password": "words of the thief"}).status_code == 404
    assert fresh(person).email == "person@golub.test"
    db.session.expire_all()
