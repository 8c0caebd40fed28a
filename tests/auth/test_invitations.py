"""Who may open an account: anybody, the invited, nobody."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from mailer.auth.invitations import invited, link_for
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.user import Role, User
from tests.conftest import Browser, browser_of
from tests.factories import make_user

PASSWORD = "three words and a dove"


@pytest.fixture
def as_admin(app: Flask) -> Browser:
    admin = make_user(email="admin@golub.test", role=Role.ADMIN)
    return browser_of(app).login(admin)


@pytest.fixture
def by_invitation(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "REGISTRATION", "invite")


def path_of(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def sent_link() -> str:
    row = db.session.query(AccountEmail).filter_by(template="invitation").one()
    return path_of(str(row.context["link"]))


def register(web: Browser, path: str, **values: str) -> TestResponse:
    return web.post(path, data={"password": PASSWORD, "consent": "y"} | values)


def test_an_invited_person_opens_an_account(by_invitation: None, as_admin: Browser, web: Browser) -> None:
    assert as_admin.post("/invite", data={"email": "new@golub.test"}).status_code == 303
    link = sent_link()
    assert "new@golub.test" in web.get(link).text
    assert register(web, link, email="somebody-else@golub.test").headers["Location"] == "/login"
    user = db.session.query(User).filter_by(email="new@golub.test").one()
    assert user.confirmed_at is not None
    assert user.consented_at is not None
    assert user.role.value == "user"
    signed_in = web.post("/login", data={"email": "new@golub.test", "password": PASSWORD})
    assert signed_in.status_code in (302, 303)


def test_an_invitation_is_good_for_one_account(by_invitation: None, web: Browser) -> None:
    link = path_of(link_for("new@golub.test"))
    register(web, link)
    before = db.session.query(User).filter_by(email="new@golub.test").one().password_hash
    assert register(web, link, password="another long password").headers["Location"] == "/login"
    db.session.expire_all()
    assert db.session.query(User).filter_by(email="new@golub.test").one().password_hash == before


def test_without_an_invitation_nobody_registers(by_invitation: None, web: Browser) -> None:
    link = path_of(link_for("new@golub.test"))
    for path in ("/register", "/register?invitation=x", link[:-2], "/register?invitation=%00"):
        page = web.get(path)
        assert (page.status_code, 'name="email"' in page.text) == (200, False), "a page to be read, and no form"
        assert register(web, path, email="new@golub.test").status_code == 403
    assert db.session.query(User).count() == 0
    assert 'href="/register"' not in web.get("/").text + web.get("/login").text


def test_an_old_invitation_is_worth_nothing(by_invitation: None, web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    link = path_of(link_for("new@golub.test"))
    now = TimestampSigner("x").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: now + int(timedelta(days=8).total_seconds()))
    assert "password" not in web.get(link).text
    assert register(web, link).status_code == 403


def test_registration_can_be_switched_off(
    app: Flask, web: Browser, as_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = link_for("new@golub.test")
    monkeypatch.setitem(app.config, "REGISTRATION", "off")
    assert register(web, "/register").status_code == register(web, path_of(link)).status_code == 403
    assert invited(link.rpartition("=")[2]) is None
    assert as_admin.post("/invite", data={"email": "new@golub.test"}).status_code == 422


def test_open_registration_takes_invitations_too(web: Browser) -> None:
    assert register(web, path_of(link_for("new@golub.test"))).headers["Location"] == "/login"
    assert web.get("/register").status_code == 200


def test_who_is_here_is_not_invited(owner: User, as_admin: Browser) -> None:
    answer = as_admin.post("/invite", data={"email": owner.email})
    assert answer.status_code == 422
    assert owner.email in answer.text
    with pytest.raises(Refusal):
        link_for("not an address")


def test_the_command_prints_a_link(app: Flask, web: Browser) -> None:
    done = app.test_cli_runner().invoke(args=["invite", "new@golub.test"])
    assert register(web, path_of(done.output.strip())).headers["Location"] == "/login"


def test_only_administrators_invite(as_manager: Browser, as_owner: Browser) -> None:
    assert as_manager.get("/invite").status_code == as_owner.get("/invite").status_code == 403
