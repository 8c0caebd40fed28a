"""Sessions on the server's side: seen, ended one by one, and ended by everything that should end them."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from redis import Redis
from sqlalchemy import event, func, select, text

from mailer.accounts import sessions
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import User
from mailer.models.user_session import UserSession
from tests.auth.conftest import Mailbox, fresh, path_in
from tests.conftest import Browser, Servers, browser_of
from tests.factories import PASSWORD
from tests.narrowing import one

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def log_in(app: Flask, agent: str = FIREFOX, **more: str) -> Browser:
    """Another device of the person, signed in."""
    web = browser_of(app)
    data = {"email": "person@golub.test", "password": PASSWORD, **more}
    assert web.post("/login", data=data, headers={"User-Agent": agent}).status_code == 303
    return web


def is_signed_in(web: Browser) -> bool:
    return web.get("/profile").status_code == 200


def ids_on(page: str) -> list[int]:
    return [int(id_) for id_ in re.findall(r'data-session="(\d+)"', page)]


def test_a_person_sees_their_devices_by_name(app: Flask, person: User, as_stranger: Browser) -> None:
    desk, phone = log_in(app), log_in(app, IPHONE, remember="y")
    page = desk.get("/profile/sessions").text
    assert len(ids_on(page)) == 2
    assert "Firefox, Linux" in page
    assert "Safari, iPhone" in page
    assert is_signed_in(phone)


def test_one_device_is_signed_out_and_the_others_stay(app: Flask, person: User) -> None:
    desk, phone = log_in(app), log_in(app, IPHONE)
    (other,) = [id_ for id_ in ids_on(desk.get("/profile/sessions").text) if id_ != 1]
    assert desk.post(f"/profile/sessions/{other}/end").status_code == 303
    assert not is_signed_in(phone)
    assert is_signed_in(desk)


def test_all_other_devices_are_signed_out_at_once(app: Flask, person: User) -> None:
    here, *others = [log_in(app) for _device in range(3)]
    here.post("/profile/sessions/end-others")
    assert is_signed_in(here)
    assert not any(is_signed_in(other) for other in others)


def test_logging_out_ends_this_device_only(app: Flask, person: User) -> None:
    desk, phone = log_in(app), log_in(app, IPHONE)
    desk.post("/logout")
    assert not is_signed_in(desk)
    assert is_signed_in(phone)


def test_nobody_ends_the_session_of_another(app: Flask, person: User, as_stranger: Browser) -> None:
    desk = log_in(app)
    id_ = db.session.scalar(select(UserSession.id).where(UserSession.user_id == person.id))
    assert as_stranger.post(f"/profile/sessions/{id_}/end").status_code == 404
    assert is_signed_in(desk)


def test_a_changed_password_ends_the_others_and_gives_this_one_a_new_key(app: Flask, person: User) -> None:
    desk, phone = log_in(app), log_in(app, IPHONE)
    copy = one(desk.get_cookie("session")).value
    desk.post("/profile/password", data={"current": PASSWORD, "new": "another set of words"})
    assert is_signed_in(desk)
    assert not is_signed_in(phone)
    desk.set_cookie("session", copy)
    assert not is_signed_in(desk), "the key of before is worthless"


def test_a_reset_password_ends_every_session(app: Flask, person: User, mailbox: Mailbox) -> None:
    desk = log_in(app)
    visitor = browser_of(app)
    visitor.post("/forgot", data={"email": person.email})
    (path,) = [path for path in map(path_in, mailbox.fetch()) if "/reset/" in path]
    visitor.post(path, data={"password": "another set of words"})
    assert not is_signed_in(desk)


def test_the_table_holds_no_key_and_a_forged_cookie_opens_nothing(app: Flask, web: Browser, person: User) -> None:
    log_in(app)
    hashed = db.session.scalar(select(UserSession.key_hash))
    for forged in (hashed, "", "1", f"{person.id}:1", "\0", "x" * 5000):
        with web.session_transaction() as session:
            session["_user_id"] = forged
        assert not is_signed_in(web), forged


def test_sessions_outlive_an_emptied_redis(app: Flask, person: User, servers: Servers) -> None:
    desk = log_in(app)
    Redis.from_url(servers.redis_url).flushdb()
    assert is_signed_in(desk)


def test_a_request_asks_for_its_session_once(app: Flask, person: User) -> None:
    desk = log_in(app)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        desk.get("/profile/sessions")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if "key_hash = " in statement]) == 1
    assert not any(statement.startswith(("UPDATE", "INSERT")) for statement in asked)
    plan = "\n".join(db.session.scalars(text("EXPLAIN SELECT * FROM user_sessions WHERE key_hash = 'x'")))
    assert "Index" in plan or "rows=1" in plan


@pytest.mark.parametrize(("remember", "days", "stays"), [("", 2, False), ("y", 20, True), ("y", 31, False)])
def test_remembering_lasts_a_month_at_most(app: Flask, person: User, remember: str, days: int, stays: bool) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        desk = log_in(app, **({"remember": remember} if remember else {}))
        clock.shift(timedelta(days=days))
        cookie = desk.get_cookie("session")
        assert (cookie is not None and is_signed_in(desk)) is stays


def test_what_is_over_is_swept_away(app: Flask, person: User) -> None:
    log_in(app)
    assert sessions.forget_old(utcnow()) == 0
    assert sessions.forget_old(utcnow() + timedelta(days=31)) == 1
    assert db.session.scalar(select(func.count(UserSession.id))) == 0


def test_unseen_for_a_minute_the_row_moves_on(app: Flask, person: User) -> None:
    desk = log_in(app)
    person = fresh(person)
    before = sessions.sessions_of(person, utcnow())[0].seen_at
    with time_machine.travel(utcnow() + timedelta(minutes=2), tick=False):
        desk.get("/profile")
        db.session.expire_all()
        assert sessions.sessions_of(person, utcnow())[0].seen_at > before


def test_the_cookie_is_for_this_site_over_https_only(app: Flask) -> None:
    from config import ProductionConfig

    config = ProductionConfig(
        SECRET_KEY=secrets.token_hex(32), SITE_URL="https://golub.test", TRUSTED_HOSTS="golub.test", PROXY_COUNT="1"
    )
    assert config.SESSION_COOKIE_NAME.startswith("__Host-")
    assert (config.SESSION_COOKIE_SECURE, config.SESSION_COOKIE_HTTPONLY) == (True, True)
    assert config.SESSION_COOKIE_SAMESITE == "Lax"
