"""`flask self-test` shows on the spot that the ledgers agree."""

from __future__ import annotations

import re

import psycopg2
import pytest
from flask import Flask

from tests.conftest import Servers
from tests.jobs.test_jobs import flask


def test_every_scenario_adds_up_and_the_database_is_gone(
    app: Flask, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", servers.database_url)  # the application's role makes no databases
    done = flask(app, "self-test", "--mails", "40")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    said = "\n".join(line.strip() for line in lines if line.startswith("    "))
    assert said.split("no longer written to: ") == [
        "came back: 2\n", "2\ndelays noted: 2\ncame back: 2\n", "0\nmarked as spam: 2\n", "2\nautomatic replies: 2\n",
        "0",
    ]  # fmt: skip
    lines = [line for line in lines if not line.startswith("    ")]
    assert len(lines) == 13
    for line in lines[1:]:
        assert re.search(r"  yes  ", line), line
        figures = [int(word) for word in re.findall(r" (\d+)(?= )", line)]
        mails, accepted, refused, uncertain, waiting, copies = figures[:6]
        assert mails == 40 == accepted + refused + uncertain
        assert waiting == 0
        assert accepted <= copies <= accepted + uncertain
    connection = psycopg2.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg2", ""))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'golub_lab_%'")
        assert cursor.fetchone() == (0,)
    connection.close()


def test_it_never_plays_in_the_services_own_database(app: Flask) -> None:
    done = flask(app, "self-test", "--here")
    assert done.returncode == 1
    assert "throw away" in done.stderr
