"""One's own account: profile, password, address."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.models.user import User
from tests.auth.conftest import Mailbox, fresh, path_in, seen, text_of
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user
from tests.narrowing import one

PROFILE = {"name": "Иван Петров", "phone": "+7 (495) 123-45-67", "country": "KZ", "timezone": "Asia/Almaty",
           "language": "en"}  # fmt: skip
NEW_PASSWORD = "another set of words"


def second_device(web: Browser, user: User) -> Browser:
    return browser_of(web.application).login(user)


def test_the_profile_is_kept_and_applies_at_once(as_owner: Browser, owner: User) -> None:
    assert as_owner.post("/profile", data=PROFILE).status_code == 303
    owner = fresh(owner)
    assert {name: getattr(owner, name) for name in PROFILE} == PROFILE
    page = as_owner.get("/profile").text
    assert '<html lang="en"' in page
    assert "Your profile is saved." in page, "the answer is already in the new language"
    assert 'value="Almaty (UTC+5)"' in page


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("name", "x" * 151),
        ("name", "two\r\nlines"),
        ("name", "a\x00b"),
        ("name", "a\u2028b"),
        ("name", "a\u0085b"),
        ("name", "\u202egnp.exe"),
        ("phone", "call me"),
        ("phone", "123"),
        ("phone", "+7 495 123-45-67\n"[:-1] + "\x00"),
        ("country", "XX"),
        ("country", "EU"),
        ("timezone", "Moon/Base"),
        ("timezone", ""),
        ("language", "de"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(as_owner: Browser, owner: User, field: str, bad: str) -> None:
    answer = as_owner.post("/profile", data=PROFILE | {field: bad})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert fresh(owner).name == ""


def test_nothing_else_can_be_set_through_the_profile(as_owner: Browser, owner: User) -> None:
    as_owner.post("/profile", data=PROFILE | {"role": "admin", "email": "x@y.test", "id": "7", "blocked_at": "now"})
    owner = fresh(owner)
    assert (owner.role, owner.email, owner.id, owner.blocked_at) == ("user", "owner@golub.test", 1, None)


def test_the_name_is_shown_as_text(as_owner: Browser) -> None:
    as_owner.post("/profile", data=PROFILE | {"name": "<script>alert(1)</script>{{ 7*7 }}"})
    page = as_owner.get("/profile").text
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page


def test_an_old_name_of_a_time_zone_survives_saving(as_owner: Browser, owner: User) -> None:
    owner.timezone = "Etc/GMT-3"
    as_owner.application.extensions["sqlalchemy"].session.commit()
    assert as_owner.post("/profile", data=PROFILE | {"timezone": "Etc/GMT-3"}).status_code == 303


@pytest.mark.parametrize("path", ["/profile", "/profile/password", "/profile/email"])
def test_strangers_are_asked_to_log_in(web: Browser, path: str) -> None:
    assert web.get(path).location == f"/login?next={path}"
    assert web.post(path).status_code == 401


def change_password(browser: Browser, current: str = PASSWORD, new: str = NEW_PASSWORD) -> TestResponse:
    return browser.post("/profile/password", data={"current": current, "new": new})


def test_a_changed_password_signs_out_every_other_device(as_owner: Browser, owner: User, mailbox: Mailbox) -> None:
    other = second_device(as_owner, owner)
    assert other.get("/profile").status_code == 200
    old_cookie = one(as_owner.get_cookie("session")).value
    assert change_password(as_owner).status_code == 303
    assert as_owner.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    as_owner.set_cookie("session", old_cookie)
    assert as_owner.get("/profile").status_code == 302
    assert mailbox.fetch_one()["To"] == owner.email
    assert as_owner.post("/login", data={"email": owner.email, "password": NEW_PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong", NEW_PASSWORD, "current"), (PASSWORD, "short", "new"), (PASSWORD, "owner@golub.test", "new")],
)
def test_a_refused_password_changes_nothing(
    as_owner: Browser, owner: User, mailbox: Mailbox, current: str, new: str, field: str
) -> None:
    before = owner.password_hash
    answer = change_password(as_owner, current, new)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert current not in answer.text, "passwords are not sent back"
    assert fresh(owner).password_hash == before
    assert mailbox.fetch() == []


def ask_for(browser: Browser, email: str = "moved@golub.test", password: str = PASSWORD) -> TestResponse:
    return browser.post("/profile/email", data={"new_email": email, "password": password})


def test_an_address_changes_when_the_new_one_answers(as_owner: Browser, owner: User, mailbox: Mailbox) -> None:
    other = second_device(as_owner, owner)
    assert ask_for(as_owner).status_code == 200
    to_new, notice = mailbox.fetch()
    assert (to_new["To"], notice["To"]) == ("moved@golub.test", "owner@golub.test"), "the old address is told at once"
    assert "m…@golub.test" in text_of(notice) and path_in(notice) == "/forgot"
    path = path_in(to_new)
    assert as_owner.get(path).status_code == 200
    assert fresh(owner).email == "owner@golub.test", "opening the link changes nothing"

    assert as_owner.post(path).status_code == 303
    assert fresh(owner).email == "moved@golub.test"
    assert as_owner.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    to_old = mailbox.fetch_one()
    assert to_old["To"] == "owner@golub.test"
    assert "m…@golub.test" in text_of(to_old)
    assert as_owner.post(path).status_code == 404


def test_the_link_may_be_followed_in_another_browser_which_is_not_signed_in_by_it(
    web: Browser, as_owner: Browser, mailbox: Mailbox
) -> None:
    ask_for(as_owner)
    path = mailbox.fetch_path("moved@")
    assert web.post(path, data={"password": PASSWORD}).location == "/login"
    assert web.get("/profile").status_code == 302
    assert as_owner.get("/profile").status_code == 302


def test_the_password_is_asked_for(as_owner: Browser, mailbox: Mailbox) -> None:
    answer = ask_for(as_owner, password="wrong")
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert mailbox.fetch() == []


def test_nobody_learns_whether_the_new_address_has_an_account(
    as_owner: Browser, owner: User, stranger: User, mailbox: Mailbox
) -> None:
    free = "free@golub.test"
    assert seen(ask_for(as_owner, stranger.email), stranger.email) == seen(ask_for(as_owner, free), free)
    to_stranger, first_notice, _to_free, second_notice = mailbox.fetch()
    assert first_notice["To"] == second_notice["To"] == owner.email, "the old address hears the same of both"
    assert to_stranger["To"] == stranger.email
    assert "/confirm-email/" not in text_of(to_stranger)


def test_an_address_taken_meanwhile_is_left_to_its_owner(as_owner: Browser, owner: User, mailbox: Mailbox) -> None:
    ask_for(as_owner)
    path = mailbox.fetch_path("moved@")
    make_user(email="Moved@golub.test")
    assert as_owner.post(path).status_code == 404
    assert fresh(owner).email == "owner@golub.test"
    assert as_owner.get("/profile").status_code == 200


def test_only_the_newest_link_to_a_new_address_works_for_a_day(
    as_owner: Browser, owner: User, mailbox: Mailbox
) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        ask_for(as_owner, "first@golub.test")
        ask_for(as_owner, "second@golub.test")
        first, second = (path_in(mail) for mail in mailbox.fetch() if mail["To"] != owner.email)
        assert as_owner.post(first).status_code == 404
        clock.shift(timedelta(hours=24, seconds=1))
        assert as_owner.post(second).status_code == 404
        clock.shift(timedelta(seconds=-2))
        assert as_owner.post(second).status_code == 303
    assert fresh(owner).email == "second@golub.test"


def test_a_recovery_link_of_the_old_address_dies_with_it(as_owner: Browser, owner: User, mailbox: Mailbox) -> None:
    browser_of(as_owner.application).post("/forgot", data={"email": owner.email})
    reset = mailbox.fetch_path()
    ask_for(as_owner)
    as_owner.post(mailbox.fetch_path("moved@"))
    assert browser_of(as_owner.application).get(reset).status_code == 404
