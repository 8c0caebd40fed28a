"""One-time codes, recovery codes, and staff that must have them."""

from __future__ import annotations

import re
import secrets
import threading
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from mailer.auth import codes, services
from mailer.auth.refusals import WrongCode
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.second_factor import SecondFactor
from mailer.models.user import Role, User
from tests.auth.conftest import Mailbox, fresh, text_of
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user
from tests.narrowing import one


def log_in(web: Browser, email: str = "person@golub.test", **more: str) -> str:
    """The path one is led to."""
    answer = web.post("/login", data={"email": email, "password": PASSWORD, **more})
    assert answer.status_code == 303
    return answer.location


def is_signed_in(web: Browser) -> bool:
    return web.get("/dashboard").status_code != 302 or web.get("/profile/second-factor").status_code == 200


def enrol(user: User) -> tuple[str, list[str]]:
    """Switch the second factor on; its secret and recovery codes. The code of this moment counts as used."""
    secret = codes.new_secret()
    return secret, services.switch_on(user, secret, pyotp.TOTP(secret).now(), PASSWORD)


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(utcnow())


def test_it_is_set_up_with_a_code_and_asked_for_at_the_next_log_in(
    app: Flask, web: Browser, person: User, mailbox: Mailbox
) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        log_in(web)
        page = web.get("/profile/second-factor").text
        assert "<svg" in page
        secret = re.search(r"<code[^>]*>([A-Z2-7]{32})</code>", page)[1]  # type: ignore[index]
        assert set_up(web, "000000").status_code == 422
        without = set_up(web, code_of(secret), "wrong one")
        assert without.status_code == 422 and 'id="password-error"' in without.text, "an open browser is not enough"
        recovery = set_up(web, code_of(secret)).text
        assert len(re.findall(r"<code>[a-z2-9]{5}-[a-z2-9]{5}</code>", recovery)) == 10
        web.post("/logout")
        clock.shift(timedelta(seconds=30))
        assert log_in(web, remember="y") == "/login/code"
        assert not is_signed_in(web), "the password alone opens nothing"
        assert web.post("/login/code", data={"code": "123"}).status_code == 422
        spaced = f"{code_of(secret)[:3]} {code_of(secret)[3:]}"
        assert web.post("/login/code", data={"code": spaced}).status_code == 303
        assert is_signed_in(web)
        assert one(web.get_cookie("session")).expires is not None, "remembering outlives the second step"


def set_up(web: Browser, code: str, password: str = PASSWORD) -> TestResponse:
    return web.post("/profile/second-factor", data={"code": code, "password": password})


def test_after_the_code_one_arrives_where_one_wanted_to(web: Browser, person: User) -> None:
    _secret, recovery = enrol(person)
    answer = web.post("/login?next=/profile/password", data={"email": person.email, "password": PASSWORD})
    assert answer.location == "/login/code?next=/profile/password"
    assert web.post(answer.location, data={"code": recovery[0]}).location == "/profile/password"
    assert "evil" not in web.get("/login/code?next=//evil.example").location


def test_no_code_works_twice(app: Flask, person: User) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        secret, _recovery = enrol(person)
        with pytest.raises(WrongCode):
            services.verify_code(person, code_of(secret))
        clock.shift(timedelta(seconds=30))
        services.verify_code(person, code_of(secret))
        with pytest.raises(WrongCode):
            services.verify_code(person, code_of(secret))


def test_of_two_at_once_one_gets_in(app: Flask, person: User) -> None:
    _secret, recovery = enrol(person)
    results: list[bool] = []

    def use() -> None:
        with app.app_context():
            try:
                services.verify_code(db.session.get_one(User, person_id), recovery[0])
                results.append(True)
            except WrongCode:
                results.append(False)
            db.session.remove()

    person_id = person.id
    db.session.commit()
    threads = [threading.Thread(target=use) for _try in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(results) == [False, False, False, True]


@pytest.mark.parametrize(("seconds", "is_right"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_a_clock_may_be_half_a_minute_off(seconds: int, is_right: bool) -> None:
    now = utcnow()
    secret = codes.new_secret()
    code = pyotp.TOTP(secret).at(now + timedelta(seconds=seconds))
    assert (codes.matching_step(secret, code, now) is not None) is is_right


def test_a_recovery_code_lets_in_once_however_it_is_typed(person: User) -> None:
    _secret, recovery = enrol(person)
    services.verify_code(person, f" {recovery[3].upper().replace('-', ' ')} ")
    with pytest.raises(WrongCode):
        services.verify_code(person, recovery[3])
    assert len(db.session.get_one(SecondFactor, person.id).recovery_hashes) == 9


def test_the_database_keeps_neither_secret_nor_codes(person: User) -> None:
    secret, recovery = enrol(person)
    row = db.session.get_one(SecondFactor, person.id)
    kept = row.secret + "".join(row.recovery_hashes)
    assert secret not in kept
    assert not any(code.replace("-", "") in kept for code in recovery)


def test_another_secret_key_leaves_the_recovery_codes(
    app: Flask, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, recovery = enrol(person)
    monkeypatch.setitem(app.config, "SECRET_KEY", "another secret key, long enough to be one")
    with time_machine.travel(utcnow() + timedelta(minutes=1)), pytest.raises(WrongCode):
        services.verify_code(person, code_of(secret))
    services.verify_code(person, recovery[0])


def test_guessing_codes_gets_slower(web: Browser, person: User) -> None:
    enrol(person)
    log_in(web)
    statuses = [web.post("/login/code", data={"code": f"{number:06}"}).status_code for number in range(11)]
    assert statuses == [422] * 10 + [429]


def test_codes_guessed_elsewhere_do_not_keep_a_known_browser_out(app: Flask, web: Browser, person: User) -> None:
    _secret, recovery = enrol(person)
    log_in(web)
    web.post("/login/code", data={"code": recovery[0]})
    web.post("/logout")
    thief = browser_of(app)
    thief.post("/login", data={"email": person.email, "password": PASSWORD})
    for _guess in range(11):
        refused = thief.post("/login/code", data={"code": "000000"})
    assert refused.status_code == 429
    log_in(web)
    assert web.post("/login/code", data={"code": recovery[1]}).status_code == 303
    assert is_signed_in(web)
    assert thief.post("/login/code", data={"code": recovery[2]}).status_code == 429


def test_the_step_between_lasts_five_minutes_and_one_password(app: Flask, web: Browser, person: User) -> None:
    _secret, recovery = enrol(person)
    with time_machine.travel(utcnow(), tick=False) as clock:
        log_in(web)
        clock.shift(timedelta(minutes=6))
        assert web.post("/login/code", data={"code": recovery[0]}).location.startswith("/login")
        log_in(web)
        person = fresh(person)
        person.password_hash = "changed"
        db.session.commit()
        assert web.post("/login/code", data={"code": recovery[0]}).location.startswith("/login")
    assert not is_signed_in(web)


@pytest.mark.parametrize("form", ["off", "recovery-codes"])
def test_neither_password_nor_code_alone_changes_it(web: Browser, person: User, mailbox: Mailbox, form: str) -> None:
    _secret, recovery = enrol(person)
    log_in(web)
    web.post("/login/code", data={"code": recovery[0]})
    mailbox.fetch()
    before = list(db.session.get_one(SecondFactor, person.id).recovery_hashes)
    for data, field in (
        ({"password": PASSWORD}, "code"),
        ({"password": PASSWORD, "code": "000000"}, "code"),
        ({"password": PASSWORD, "code": recovery[0]}, "code"),
        ({"password": "wrong one", "code": recovery[1]}, "password"),
    ):
        answer = web.post(f"/profile/second-factor/{form}", data=data)
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    db.session.expire_all()
    assert db.session.get_one(SecondFactor, person.id).recovery_hashes == before
    assert mailbox.fetch() == []


def test_it_is_switched_off_by_password_and_code(web: Browser, person: User, mailbox: Mailbox) -> None:
    _secret, recovery = enrol(person)
    log_in(web)
    web.post("/login/code", data={"code": recovery[0]})
    mailbox.fetch()
    both = {"password": PASSWORD, "code": recovery[1]}
    page = web.post("/profile/second-factor/recovery-codes", data=both).text
    with pytest.raises(WrongCode):
        services.verify_code(fresh(person), recovery[2])
    both["code"] = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page)[0]
    assert web.post("/profile/second-factor/off", data=both).status_code == 303
    assert len(mailbox.fetch()) == 1
    web.post("/logout")
    assert log_in(web) != "/login/code"
    assert web.post("/profile/second-factor/off", data=both).location == "/profile/second-factor"


def test_staff_sets_it_up_before_anything_else(app: Flask, web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "STAFF_NEEDS_SECOND_FACTOR", True)
    boss = make_user(email="boss@golub.test", role=Role.MANAGER)
    log_in(web, boss.email)
    assert web.get("/manager").location == "/profile/second-factor"
    assert web.post("/profile", data={"name": "x"}).status_code == 403
    assert web.get("/profile/second-factor").status_code == 200
    enrol(boss)
    assert web.get("/manager").status_code == 200
    make_user(email="person@golub.test")
    other = browser_of(app)
    other.post("/login", data={"email": "person@golub.test", "password": PASSWORD})
    assert other.get("/profile").status_code == 200, "for others it is offered, not asked for"


def test_in_production_staff_must_have_it() -> None:
    from config import DevelopmentConfig, ProductionConfig

    values = {"SECRET_KEY": secrets.token_hex(32), "SITE_URL": "https://golub.test"}
    values |= {"TRUSTED_HOSTS": "golub.test", "PROXY_COUNT": "1"}
    assert ProductionConfig(**values).STAFF_NEEDS_SECOND_FACTOR is True
    assert ProductionConfig(**values, STAFF_NEEDS_SECOND_FACTOR="0").STAFF_NEEDS_SECOND_FACTOR is False
    assert DevelopmentConfig().STAFF_NEEDS_SECOND_FACTOR is False


def test_somebody_who_lost_everything_is_let_in_by_the_operator(app: Flask, web: Browser, person: User) -> None:
    enrol(person)
    result = app.test_cli_runner().invoke(args=["reset-second-factor", person.email])
    assert result.exit_code == 0
    assert log_in(web) != "/login/code"
    assert app.test_cli_runner().invoke(args=["reset-second-factor", "nobody@golub.test"]).exit_code == 1


def test_a_new_device_is_told_of_by_mail(app: Flask, web: Browser, person: User, mailbox: Mailbox) -> None:
    log_in(web)
    assert mailbox.fetch() == [], "the first device is no news"
    web.post("/logout")
    log_in(web)
    assert mailbox.fetch() == [], "it is known now"
    stranger = browser_of(app)
    agent = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0\x1b[31m<script>"}
    stranger.post("/login", data={"email": person.email, "password": PASSWORD}, headers=agent)
    words = text_of(mailbox.fetch_one())
    assert "Firefox, Windows" in words
    assert "127.0.0.1" in words
    assert "script" not in words


def test_two_people_share_a_browser_without_becoming_strangers_in_it(
    web: Browser, person: User, mailbox: Mailbox
) -> None:
    other = make_user(email="other@golub.test")
    for _time in range(2):
        for email in (person.email, other.email):
            assert web.post("/login", data={"email": email, "password": PASSWORD}).status_code == 303
            web.post("/logout")
    assert mailbox.fetch() == []


def test_browsers_signed_out_together_are_not_known_any_more(
    app: Flask, web: Browser, person: User, mailbox: Mailbox
) -> None:
    log_in(web)
    other = browser_of(app)
    other.post("/login", data={"email": person.email, "password": PASSWORD})
    web.post("/profile/sessions/end-others")
    mailbox.fetch()
    other.post("/login", data={"email": person.email, "password": PASSWORD})
    assert mailbox.fetch_one()["To"] == person.email, "a mail of a new device again"
    web.post("/logout")
    log_in(web)
    assert mailbox.fetch() == []


def test_the_mark_of_a_device_is_its_persons_alone(app: Flask, web: Browser, person: User, mailbox: Mailbox) -> None:
    other = make_user(email="other@golub.test")
    first = browser_of(app)
    first.post("/login", data={"email": other.email, "password": PASSWORD})
    log_in(web)
    web.post("/logout")
    mailbox.fetch()
    web.post("/login", data={"email": other.email, "password": PASSWORD})
    assert mailbox.fetch_one()["To"] == other.email
