"""How often the forms may be posted, with the limits switched on."""

from __future__ import annotations

import pytest
from flask import Flask
from redis import Redis

from config import TestingConfig
from mailer import create_app
from tests.conftest import Browser, Servers, browser_of
from tests.factories import PASSWORD, make_user


@pytest.fixture(scope="module")
def limited_app(servers: Servers, migrated_app: Flask) -> Flask:
    """Another application on the same servers, with limits."""
    return make_limited(servers.redis_url, servers, migrated_app)


def make_limited(redis_url: str, servers: Servers, like: Flask, is_limited: bool = True) -> Flask:
    """An application that counts in that Redis."""
    return create_app(
        TestingConfig(
            DATABASE_URL=servers.database_url,
            REDIS_URL=redis_url,
            VAR_DIR=like.config["VAR_DIR"],
            SECRET_KEY="a secret of the limited app, long enough",
            WTF_CSRF_ENABLED=False,
            RATELIMIT_ENABLED=is_limited,
        )
    )


@pytest.fixture
def visitor(app: Flask, limited_app: Flask, servers: Servers) -> Browser:
    """Somebody at one IP address."""
    Redis.from_url(servers.redis_url).flushdb()
    return browser_of(limited_app)


def test_one_ip_address_causes_twenty_mails_an_hour(visitor: Browser) -> None:
    forms = ["/forgot", "/confirm/resend"] * 10
    statuses = {visitor.post(form, data={"email": f"a{n}@golub.test"}).status_code for n, form in enumerate(forms)}
    assert statuses == {200}
    for form in ("/forgot", "/confirm/resend", "/register"):
        answer = visitor.post(form, data={"email": "b@golub.test", "password": PASSWORD, "consent": "y"})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 3601
        assert "<h1" in answer.text, "a page in the design of the site"
    assert visitor.get("/forgot").status_code == 200, "looking at the form is free"


def test_applications_of_one_process_count_each_by_its_own_settings(
    visitor: Browser, app: Flask, limited_app: Flask, servers: Servers
) -> None:
    def ask(at: Flask, number: int = 0) -> int:
        return at.test_client().post("/forgot", data={"email": f"a{number}@golub.test"}).status_code

    def keys(at: str) -> int:
        return len(Redis.from_url(at).keys("LIMITS*"))

    elsewhere = servers.redis_url.rpartition("/")[0] + "/9"
    Redis.from_url(elsewhere).flushdb()
    another = make_limited(elsewhere, servers, app)
    make_limited("redis://127.0.0.1:1/0", servers, app, is_limited=False)
    assert {ask(limited_app, number) for number in range(20)} == {200}
    assert keys(servers.redis_url) > 0
    assert keys(elsewhere) == 0
    assert [ask(limited_app), ask(another), ask(app)] == [429, 200, 200]
    assert keys(elsewhere) > 0


def test_a_forged_forwarding_header_does_not_help(visitor: Browser) -> None:
    def post(number: int) -> int:
        forged = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"}
        return visitor.post("/forgot", data={"email": f"a{number}@golub.test"}, headers=forged).status_code

    assert [post(number) for number in range(21)] == [200] * 20 + [429]


def test_one_ip_address_tries_twenty_accounts_a_minute(visitor: Browser) -> None:
    def post(number: int) -> int:
        return visitor.post("/login", data={"email": f"a{number}@golub.test", "password": "wrong one"}).status_code

    assert [post(number) for number in range(21)] == [422] * 20 + [429]
    other = {"REMOTE_ADDR": "192.0.2.7"}
    answer = visitor.post("/login", data={"email": "a@golub.test", "password": "wrong one"}, environ_base=other)
    assert answer.status_code == 422


def test_an_open_browser_cannot_be_used_to_guess_the_password(visitor: Browser) -> None:
    visitor.login(make_user(email="owner@golub.test"))
    data = {"current": "wrong one", "new": "another set of words"}
    assert [visitor.post("/profile/password", data=data).status_code for _try in range(11)] == [422] * 10 + [429]
    other_form = {"new_email": "x@golub.test", "password": "wrong one"}
    assert visitor.post("/profile/email", data=other_form).status_code == 429


def test_previews_of_articles_are_counted(visitor: Browser) -> None:
    visitor.login(make_user())
    answers = [visitor.post("/articles/preview", data={"content": "x"}) for _number in range(242)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) > 0
