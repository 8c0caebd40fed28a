"""What is remembered: for how long, by whom it is computed, and what happens with Valkey away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask
from redis import Redis

from mailer import caching
from mailer.caching import changed, remembered
from mailer.extensions import cache, db
from mailer.models.user import User
from tests.conftest import Browser, Servers
from tests.factories import make_client, make_mailing


@pytest.fixture(autouse=True)
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has remembered nothing for itself."""
    monkeypatch.setattr(caching, "_own", caching._OwnMemory())


class Counter:
    """Computes 1, 2, 3 …"""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


@pytest.fixture
def valkey_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody listens where the cache is said to be."""
    nobody_there = Redis(port=1)
    backend = app.extensions["cache"][cache]
    monkeypatch.setattr(backend, "_read_client", nobody_there)
    monkeypatch.setattr(backend, "_write_client", nobody_there)
    yield


def test_a_value_is_computed_once_while_it_is_fresh(app: Flask) -> None:
    compute = Counter()
    assert [remembered("k", 60, compute) for _time in range(3)] == [1, 1, 1]


def test_a_change_makes_everyone_compute_anew(app: Flask) -> None:
    compute = Counter()
    remembered("k", 60, compute, ("a", "b"))
    changed("c")
    assert remembered("k", 60, compute, ("a", "b")) == 1
    changed("b")
    assert remembered("k", 60, compute, ("a", "b")) == 2


def test_what_was_computed_across_a_change_is_not_kept(app: Flask) -> None:
    def compute_slowly() -> int:
        changed("a")  # somebody commits while the database is asked
        return 1

    assert remembered("k", 60, compute_slowly, ("a",)) == 1
    assert remembered("k", 60, lambda: 2, ("a",)) == 2


def test_while_one_computes_the_others_get_the_aged_value(app: Flask) -> None:
    remembered("k", 0, lambda: "aged")
    begun, may_end = threading.Event(), threading.Event()

    def compute() -> str:
        begun.set()
        may_end.wait(30)
        return "new"

    def first() -> None:
        with app.app_context():
            remembered("k", 60, compute)

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(30)
    assert remembered("k", 60, lambda: "second computing") == "aged"
    may_end.set()
    thread.join()
    assert remembered("k", 60, lambda: "second computing") == "new"


def test_a_crowd_before_an_empty_cache_computes_once(app: Flask) -> None:
    compute, results = Counter(), []

    def slow() -> int:
        time.sleep(0.2)
        return compute()

    def visit() -> None:
        with app.app_context():
            results.append(remembered("k", 60, slow))

    crowd = [threading.Thread(target=visit) for _one in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert compute.count < len(crowd)  # once, unless the machine held the first one up for seconds
    assert set(results) <= set(range(1, compute.count + 1))


def test_a_failure_is_not_remembered_and_lets_the_next_one_try(app: Flask) -> None:
    def fail() -> int:
        raise ValueError

    with pytest.raises(ValueError):
        remembered("k", 60, fail)
    assert remembered("k", 60, lambda: 1) == 1


def test_nothing_remembered_can_run_code(app: Flask, servers: Servers) -> None:
    remembered("k", 60, lambda: {"mailings": 1})
    stored = Redis.from_url(servers.redis_url).get("cache:k")
    assert isinstance(stored, bytes) and b'"value": {"mailings": 1}' in stored


def test_pages_are_right_while_valkey_is_away(web: Browser, owner: User, valkey_away: None) -> None:
    make_client(owner)
    page = web.get("/")
    assert page.status_code == 200
    assert 'data-figure="clients"' in page.text
    assert web.get("/blog").status_code == 200


def test_while_valkey_is_away_it_is_not_asked_each_time(app: Flask, valkey_away: None) -> None:
    compute = Counter()
    assert [remembered("k", 60, compute) for _time in range(5)] == [1] * 5
    changed("anything")
    assert remembered("k", 60, compute) == 2


def figure(web: Browser, name: str) -> int:
    page = web.get("/").text
    return int(page.split(f'data-figure="{name}"')[1].split("<dd>")[1].split("<")[0])


def test_the_front_page_follows_a_mailing_at_once(web: Browser, owner: User) -> None:
    assert figure(web, "active_mailings") == 0
    mailing = make_mailing(owner)
    assert (figure(web, "mailings"), figure(web, "active_mailings")) == (1, 1)
    mailing.paused_at = mailing.created_at
    db.session.commit()
    assert (figure(web, "mailings"), figure(web, "active_mailings")) == (1, 0)


def test_a_change_that_no_figure_shows_recomputes_nothing(app: Flask, owner: User) -> None:
    mailing = make_mailing(owner)
    state: Any = cache.get("changed:mailings")
    mailing.name = "Another name"
    db.session.commit()
    assert cache.get("changed:mailings") == state


def test_what_is_remembered_of_a_page_holds_nobodys_token(app: Flask, web: Browser, servers: Servers) -> None:
    first, other = web.get("/").text, app.test_client().get("/").text
    token = first.split('name="csrf-token" content="')[1].split('"')[0]
    redis = Redis.from_url(servers.redis_url)
    stored = b"".join(cast(bytes, redis.get(key)) for key in redis.keys("cache:page:*"))
    assert stored
    assert token.encode() not in stored
    assert token not in other
    assert "blank-" not in first + other
