from __future__ import annotations

import time
from datetime import timedelta

import pytest
import tzdata
from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, update

from mailer import queue, storage
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs.workers import WORKER_TTL_SECONDS
from mailer.models.instance import Instance
from mailer.sending import instance_guard
from tests.conftest import Browser, Servers
from tests.narrowing import one


def test_all_is_well(web: Browser, servers: Servers) -> None:
    Redis.from_url(servers.redis_url).set("heartbeat:tick", time.time() - 3)
    answer = web.get("/health")
    assert answer.status_code == 200
    parts = dict(answer.json or {})
    assert parts.pop("tick_age_seconds") >= 3
    assert parts.pop("disk") in ("ok", "low")
    assert parts.pop("time_zones") == tzdata.IANA_VERSION
    assert parts == {
        "database": "ok",
        "redis": "ok",
        "pictures": "ok",
        "scheduler_age_seconds": None,
        "workers": {},
        "is_held": False,
    }


def test_no_tick_is_known_yet(web: Browser) -> None:
    parts = web.get("/health").json
    assert parts is not None
    assert (parts["database"], parts["redis"], parts["tick_age_seconds"]) == ("ok", "ok", None)


def test_a_copy_that_awaits_confirmation_says_so(web: Browser) -> None:
    assert not instance_guard.sending_is_blocked()
    db.session.execute(update(Instance).values(cluster="7"))
    db.session.commit()
    assert web.get("/health").json["is_held"] is True  # type: ignore[index]


def test_workers_are_counted_by_queue(web: Browser, servers: Servers) -> None:
    worker = SimpleWorker([queue.queue("mailings")], connection=queue.own_connection(), serializer=JSONSerializer)
    worker.register_birth()  # type: ignore[no-untyped-call]
    assert web.get("/health").json["workers"] == {"mailings": 1}  # type: ignore[index]


def test_a_killed_worker_is_counted_no_more(web: Browser, as_manager: Browser, servers: Servers) -> None:
    worker = SimpleWorker([queue.queue("mailings")], connection=queue.own_connection(), serializer=JSONSerializer)
    worker.register_birth()  # type: ignore[no-untyped-call]
    silent = utcnow() - timedelta(seconds=queue.LIVING_SECONDS + 1)
    Redis.from_url(servers.redis_url).hset(worker.key, "last_heartbeat", silent.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert web.get("/health").json["workers"] == {}  # type: ignore[index]
    assert "молчит" in as_manager.get("/operations").text


def test_a_worker_that_is_well_is_never_silent_for_long(app: Flask) -> None:
    worker = SimpleWorker([queue.queue("mailings")], connection=queue.own_connection(), worker_ttl=WORKER_TTL_SECONDS)
    assert 2 * max(worker.dequeue_timeout, worker.job_monitoring_interval) <= queue.LIVING_SECONDS


def test_redis_that_takes_nothing_is_told_apart(web: Browser, as_manager: Browser, servers: Servers) -> None:
    redis = Redis.from_url(servers.redis_url)
    limit = redis.config_get("maxmemory")["maxmemory"]
    redis.config_set("maxmemory", "1")
    try:
        assert web.get("/health").json["redis"] == "refuses"  # type: ignore[index]
        assert "ничего не принимает" in as_manager.get("/operations").text
    finally:
        redis.config_set("maxmemory", one(limit))


def test_a_full_disk_is_told_to_staff(
    web: Browser, as_owner: Browser, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "FULL_BYTES", 2**62)
    monkeypatch.setattr(storage, "_watches", {})  # what was found a second ago is still told
    answer = web.get("/health")
    assert (answer.status_code, answer.json["disk"]) == (200, "full")  # type: ignore[index]
    assert "Диск папки состояния" in as_manager.get("/mailings").text
    assert "Диск папки состояния" not in as_owner.get("/mailings").text


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
