"""How many forms one network may send, on an application that counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from redis import Redis

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.sign_up import SignUp, SignUpForm
from tests.auth.test_limits import make_limited
from tests.conftest import Servers, browser_of
from tests.signup.conftest import Visitor, fields_in, form, light_puzzles

__all__ = ["form", "light_puzzles"]


@pytest.fixture
def visitor(servers: Servers, app: Flask, migrated_app: Flask, form: SignUpForm) -> Iterator[Visitor]:
    """Somebody in a network of their own, where posts are counted."""
    Redis.from_url(servers.redis_url).flushdb()
    limited = make_limited(servers.redis_url, servers, migrated_app)
    with time_machine.travel(utcnow(), tick=False) as clock:
        yield Visitor(browser_of(limited), clock, f"/s/{form.token}")


def come_from(visitor: Visitor, address: str) -> None:
    """From now on that is where they are."""
    visitor.web.environ_base["REMOTE_ADDR"] = address


def asked() -> int:
    """How many asked to be put on the list."""
    return db.session.scalar(db.select(db.func.count()).select_from(SignUp)) or 0


def test_a_network_sends_twenty_forms_an_hour_whatever_its_addresses(visitor: Visitor) -> None:
    for number in range(20):
        come_from(visitor, f"192.0.2.{number + 1}")
        assert visitor.sign_up(f"p{number}@example.test").status_code == 200
    assert asked() == 20
    refused = visitor.sign_up("more@example.test")
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 3601
    assert "<h1" in refused.text, "a page that says when to come again"
    assert asked() == 20
    for address in ("198.51.100.1", "2001:db8:0:100::1"):
        come_from(visitor, address)
        assert visitor.sign_up(f"{address}@example.test".replace(":", "-")).status_code == 200
    assert asked() == 22, "other networks are not kept out"


def test_who_only_waited_has_five(visitor: Visitor) -> None:
    come_from(visitor, "2001:db8::1")
    statuses = []
    for number in range(6):
        typed = fields_in(visitor.web.get(visitor.path).text) | {"email": f"p{number}@example.test"}
        visitor.clock.shift(timedelta(seconds=30))
        come_from(visitor, f"2001:db8:0:{number}::1")  # within the /56
        statuses.append(visitor.web.post(visitor.path, data=typed | {"proof": "", "step": "1"}).status_code)
    assert statuses == [200] * 5 + [429]
    assert asked() == 5
