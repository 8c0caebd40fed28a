"""Forms of another site change nothing here."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from mailer.models.user import User
from tests.auth.conftest import fresh
from tests.conftest import Browser
from tests.factories import PASSWORD


@pytest.fixture(autouse=True)
def protection(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


def token_of(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get(path).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "path", ["/logout", "/profile", "/profile/password", "/profile/email", "/profile/avatar", "/profile/avatar/remove"]
)
def test_a_post_without_the_token_is_refused(as_owner: Browser, owner: User, path: str) -> None:
    assert as_owner.post(path, data={"name": "Mallory"}).status_code == 400
    assert as_owner.get("/profile").status_code == 200
    assert fresh(owner).name == ""


def test_the_token_of_another_session_is_refused(as_owner: Browser, as_stranger: Browser) -> None:
    foreign = token_of(as_stranger, "/profile")
    assert as_owner.post("/logout", data={"csrf_token": foreign}).status_code == 400
    assert as_owner.post("/logout", data={"csrf_token": token_of(as_owner, "/profile")}).status_code == 303


def test_log_in_is_protected_too(web: Browser, person: User) -> None:
    data = {"email": person.email, "password": PASSWORD}
    assert web.post("/login", data=data).status_code == 400
    token = token_of(web, "/login")
    assert web.post("/login", data=data | {"csrf_token": token}).status_code == 303
    assert web.post("/logout", data={"csrf_token": token}).status_code == 400, "log-in begins with a new token"
