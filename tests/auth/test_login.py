"""Logging in and out, and how long it lasts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from mailer.auth import passwords
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import Role, User
from tests.auth.conftest import Mailbox, fresh, seen
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user
from tests.narrowing import one


def log_in(web: Browser, email: str = "person@golub.test", password: str = PASSWORD, **more: str) -> TestResponse:
    return web.post("/login", data={"email": email, "password": password, **more})


def is_signed_in(web: Browser) -> bool:
    return web.get("/profile").status_code == 200


def test_the_right_password_signs_in_whatever_the_case_of_the_address(web: Browser, person: User) -> None:
    assert log_in(web, "PERSON@golub.test").status_code == 303
    assert is_signed_in(web)
    assert fresh(person).last_login_at is not None


def test_language_and_time_zone_of_the_account_apply(web: Browser, person: User) -> None:
    assert '<html lang="ru"' in web.get("/login").text
    log_in(web)
    assert '<html lang="en"' in web.get("/profile").text
    web.post("/logout")
    assert '<html lang="en"' in web.get("/login").text, "the page stays in the reader's language"


def test_failures_look_alike_whoever_is_asked_for(web: Browser, person: User) -> None:
    make_user(email="unconfirmed@golub.test", confirmed=False)
    make_user(email="blocked@golub.test", blocked_at=utcnow(), block_reason="spam")
    answers = set()
    for email in ("person@golub.test", "nobody@golub.test", "unconfirmed@golub.test", "blocked@golub.test"):
        answer = log_in(browser_of(web.application), email, "wrong password")
        headers = sorted(name for name, _value in answer.headers)
        answers.add((*seen(answer, email), tuple(headers)))
    assert len(answers) == 1


def test_failures_take_alike_long(web: Browser) -> None:
    make_user(email="slow@golub.test", password_hash=passwords.hash_password(PASSWORD))
    log_in(web, "nobody@golub.test", "wrong password")  # makes the hash of nobody

    def median_seconds(email: Callable[[int], str]) -> float:
        spans = []
        for number in range(9):
            begun = time.process_time()
            log_in(web, email(number), "wrong password")
            spans.append(time.process_time() - begun)
        return statistics.median(spans)

    known = median_seconds(lambda _number: "slow@golub.test")
    unknown = median_seconds(lambda number: f"nobody{number}@golub.test")
    assert unknown > known / 2, "an unknown address costs a hash too"


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({"confirmed": False}, "Отправить письмо ещё раз"),
        ({"blocked_at": utcnow(), "block_reason": "bought list"}, "bought list"),
    ],
)
def test_only_the_right_password_learns_why_there_is_no_entry(web: Browser, values: dict[str, Any], mark: str) -> None:
    make_user(email="person@golub.test", **values)
    assert mark not in log_in(web, password="wrong password").text
    answer = log_in(web)
    assert answer.status_code == 422
    assert mark in answer.text
    assert not is_signed_in(web)


def test_an_old_hash_is_renewed_at_the_next_log_in(web: Browser, person: User) -> None:
    assert passwords.needs_rehash(person.password_hash)
    log_in(web)
    assert not passwords.needs_rehash(fresh(person).password_hash)
    web.post("/logout")
    assert log_in(web).status_code == 303


@pytest.mark.parametrize("path", ["/profile/password", "/profile?x=1&y=%2F%2F"])
def test_after_log_in_one_arrives_where_one_wanted_to(web: Browser, person: User, path: str) -> None:
    asked = web.get(path)
    assert asked.status_code == 302
    assert web.post(asked.location, data={"email": person.email, "password": PASSWORD}).location == path


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "@evil.example",
     "https://evil.example/", "javascript:alert(1)", "/\tevil", "/\r\nSet-Cookie: a=b", "%2f%2fevil.example", "/ /evil",
     "http:///evil.example", "//[evil", "evil.example"],
)  # fmt: skip
def test_log_in_never_leads_to_another_site(web: Browser, person: User, target: str) -> None:
    answer = web.post("/login", query_string={"next": target}, data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 303
    assert answer.location.startswith("/") and "evil" not in answer.location and "Set-Cookie" not in answer.location


def test_somebody_signed_in_is_led_home_from_the_doors(as_owner: Browser) -> None:
    for path in ("/login", "/register", "/forgot", "/confirm/resend"):
        assert as_owner.get(path).status_code == 302


def test_the_session_is_a_new_one_after_log_in(web: Browser, person: User) -> None:
    with web.session_transaction() as session:
        session["planted"] = "by an attacker"
        session["csrf_token"] = "known to an attacker"
    log_in(web)
    with web.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to an attacker"


def test_after_log_out_no_copy_of_a_cookie_works(web: Browser, person: User) -> None:
    log_in(web, remember="y")
    copy = one(web.get_cookie("session")).value
    assert web.get("/logout").status_code == 405, "a link cannot log anybody out"
    assert web.post("/logout").status_code == 303
    assert not is_signed_in(web)
    web.set_cookie("session", copy)
    assert not is_signed_in(web)


def test_remember_me_outlives_the_browser(web: Browser, person: User) -> None:
    log_in(web)
    assert one(web.get_cookie("session")).expires is None, "gone when the browser closes"
    web.post("/logout")
    log_in(web, remember="y")
    assert one(web.get_cookie("session")).expires is not None


def test_staff_is_never_remembered(web: Browser) -> None:
    make_user(email="boss@golub.test", role=Role.MANAGER)
    log_in(web, "boss@golub.test", remember="y")
    assert is_signed_in(web)
    assert one(web.get_cookie("session")).expires is None


def test_a_blocked_person_is_out_at_once(web: Browser, person: User) -> None:
    log_in(web, remember="y")
    person = fresh(person)
    person.blocked_at, person.block_reason = utcnow(), "spam"
    db.session.commit()
    assert not is_signed_in(web)


@pytest.mark.parametrize(
    ("role", "remember", "idle", "stays"),
    [
        (Role.USER, "", timedelta(hours=23), True),
        (Role.USER, "", timedelta(hours=25), False),
        (Role.USER, "y", timedelta(days=20), True),
        (Role.USER, "y", timedelta(days=31), False),
        (Role.MANAGER, "", timedelta(hours=1, minutes=55), True),
        (Role.MANAGER, "", timedelta(hours=2, minutes=5), False),
    ],
)
def test_an_idle_session_ends(web: Browser, role: Role, remember: str, idle: timedelta, stays: bool) -> None:
    make_user(email="person@golub.test", role=role)
    with time_machine.travel(utcnow(), tick=False) as clock:
        log_in(web, **({"remember": remember} if remember else {}))
        clock.shift(idle)
        assert is_signed_in(web) is stays


def test_the_session_of_staff_ends_after_twelve_hours_of_work(web: Browser) -> None:
    make_user(email="boss@golub.test", role=Role.MANAGER)
    with time_machine.travel(utcnow(), tick=False) as clock:
        log_in(web, "boss@golub.test")
        for _hour in range(12):
            clock.shift(timedelta(minutes=59))
            assert is_signed_in(web)
        clock.shift(timedelta(minutes=15))
        assert not is_signed_in(web)


def test_guessing_gets_slower_but_locks_nobody_out(app: Flask, web: Browser, person: User) -> None:
    statuses = [log_in(web, password=f"wrong {number}").status_code for number in range(11)]
    assert statuses == [422] * 10 + [429]
    refused = log_in(web)
    assert refused.status_code == 429, "during the pause even the right password is not looked at"
    assert 1 <= int(refused.headers["Retry-After"]) <= 4
    assert log_in(web, "nobody@golub.test").status_code == 422, "others are not affected"
    assert not is_signed_in(web)


def test_a_stranger_keeps_nobody_out_of_a_known_browser(app: Flask, web: Browser, person: User) -> None:
    log_in(web)
    web.post("/logout")
    elsewhere = browser_of(app)
    for number in range(30):
        guessed = elsewhere.post("/login", data={"email": person.email, "password": f"wrong {number}"})
    assert guessed.status_code == 429
    assert log_in(web).status_code == 303
    web.post("/logout")
    right = {"email": person.email, "password": PASSWORD}
    assert elsewhere.post("/login", data=right).status_code == 429, "the pause elsewhere goes on"


def test_guesses_from_a_known_browser_get_slower_too(app: Flask, web: Browser, person: User) -> None:
    log_in(web)
    web.post("/logout")
    statuses = [log_in(web, password=f"wrong {number}").status_code for number in range(11)]
    assert statuses == [422] * 10 + [429]
    elsewhere = {"email": person.email, "password": PASSWORD}
    assert browser_of(app).post("/login", data=elsewhere).status_code == 303


def test_a_mark_of_somebody_else_passes_no_pause(app: Flask, web: Browser, person: User) -> None:
    make_user(email="thief@golub.test")
    log_in(web, "thief@golub.test")
    web.post("/logout")
    for number in range(11):
        log_in(web, password=f"wrong {number}")
    assert log_in(web).status_code == 429


def test_pauses_double_up_to_a_quarter_of_an_hour_and_tell_nothing(web: Browser) -> None:
    from mailer.auth import backoff

    waits = []
    for _failure in range(25):
        backoff.note_failure("nobody@golub.test")
        waits.append(backoff.seconds_to_wait("NOBODY@golub.test"))
    assert waits[:9] == [0] * 9
    assert all(wait <= limit for wait, limit in zip(waits[9:13], (2, 4, 8, 16), strict=True))
    assert 800 < waits[-1] <= 900
    backoff.reset_failures("nobody@golub.test")
    assert backoff.seconds_to_wait("nobody@golub.test") == 0


def test_a_recovered_password_ends_the_pause(app: Flask, web: Browser, mailbox: Mailbox, person: User) -> None:
    for number in range(11):
        log_in(web, password=f"wrong {number}")
    web.post("/forgot", data={"email": person.email})
    web.post(mailbox.fetch_path(), data={"password": "a new set of words"})
    for number in range(11):
        log_in(browser_of(app), password=f"wrong {number}")
    assert log_in(web, password="a new set of words").status_code == 303, "nor do guesses after it matter here"


def test_without_redis_people_still_get_in(
    app: Flask, web: Browser, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    assert log_in(web, password="wrong password").status_code == 422
    assert log_in(web).status_code == 303
