"""A worker whose queue takes nothing more says one sentence and ends; the supervisor starts it again."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

from flask import Flask
from redis import Redis
from redis.exceptions import OutOfMemoryError

from tests.conftest import ROOT, Servers


def test_a_worker_says_in_one_sentence_that_the_queue_is_full(app: Flask, servers: Servers) -> None:
    redis = Redis.from_url(servers.redis_url)
    environment = os.environ | {
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"], "REDIS_URL": servers.redis_url,
        "VAR_DIR": app.config["VAR_DIR"], "GOLUB_ENV": "development", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    redis.config_set("maxmemory", "1")
    try:
        with suppress(OutOfMemoryError):
            redis.set("room", "none")
        done = subprocess.run(
            [sys.executable, "-m", "flask", "worker", "ticks"], cwd=ROOT, env=environment, capture_output=True,
            text=True, timeout=100, check=False,
        )  # fmt: skip
    finally:
        redis.config_set("maxmemory", "0")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if "accepts nothing" in line]
    assert len(said) == 1, done.stderr
