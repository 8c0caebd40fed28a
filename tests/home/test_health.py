from __future__ import annotations

import time

import pytest
from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, update

from mailer import queue
from mailer.extensions import db
from mailer.models.instance import Instance
from mailer.sending import fence
from tests.conftest import Browser, Servers


def test_all_is_well(web: Browser, servers: Servers) -> None:
    Redis.from_url(servers.redis_url).set("heartbeat:tick", time.time() - 3)
    answer = web.get("/health")
    assert answer.status_code == 200
    parts = dict(answer.json or {})
    assert parts.pop("tick_age_seconds") >= 3
    assert parts == {"database": "ok", "redis": "ok", "scheduler_age_seconds": None, "workers": {}, "is_held": False}


def test_no_tick_is_known_yet(web: Browser) -> None:
    parts = web.get("/health").json
    assert parts is not None
    assert (parts["database"], parts["redis"], parts["tick_age_seconds"]) == ("ok", "ok", None)


def test_a_copy_that_awaits_confirmation_says_so(web: Browser) -> None:
    assert not fence.is_held()
    db.session.execute(update(Instance).values(cluster="7"))
    db.session.commit()
    assert web.get("/health").json["is_held"] is True  # type: ignore[index]


def test_workers_are_counted_by_queue(web: Browser, servers: Servers) -> None:
    worker = SimpleWorker([queue.queue("mailings")], connection=queue.own_connection(), serializer=JSONSerializer)
    worker.register_birth()
    assert web.get("/health").json["workers"] == {"mailings": 1}  # type: ignore[index]


def test_redis_may_be_away(app: Flask, web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    answer = web.get("/health")
    assert (answer.status_code, answer.json["redis"]) == (200, "away")  # type: ignore[index]


def test_the_database_may_not(app: Flask, web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_there = create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    monkeypatch.setitem(db._app_engines[app], None, nobody_there)
    db.session.remove()
    answer = web.get("/health")
    assert (answer.status_code, answer.json["database"]) == (503, "away")  # type: ignore[index]
