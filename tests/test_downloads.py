"""Downloads as a server takes them: from a thread with no context of ours, piece by piece, after the request's end."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mailer.downloads import csv_download, saved_as
from mailer.extensions import db
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing
from tests.mailings.builders import make_deliveries, make_run

ROOT = Path(__file__).resolve().parent.parent
MANY = 3000  # more than one batch of a cursor, and than one piece of the file
ADD_CLIENTS = text(
    "INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes)"
    " SELECT :owner, 'n' || n || '@many.test', 'n' || n || '@many.test', 'Иванов', 'Пётр', '', 'слово', '{}',"
    " jsonb_build_object('Город', 'Омск') FROM generate_series(1, :count) AS n"
)
END_THE_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE state = 'idle in transaction' AND datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class Outside:
    """A browser's cookies, and a server's manners."""

    app: Flask
    browser: Browser

    def take(self, path: str, method: str = "GET", read: Callable[[Any], Any] = b"".join) -> tuple[int, Any]:
        """Status and body; `read` is given what the application gave to the server."""
        cookie = self.browser.get_cookie("session")
        assert cookie is not None
        environ = EnvironBuilder(
            path, method=method, headers=Headers({"Cookie": f"session={cookie.value}"})
        ).get_environ()

        def ask() -> tuple[int, Any]:
            pieces, status, _headers = run_wsgi_app(self.app, environ, buffered=False)
            with closing(cast(Generator[bytes], pieces)):
                return int(status.split()[0]), read(pieces)

        with ThreadPoolExecutor(1) as other:  # a new thread has no Flask context
            return other.submit(ask).result()

    def table(self, path: str) -> list[list[str]]:
        """The rows of a CSV file."""
        status, body = self.take(path)
        assert status == 200, body.decode()
        return list(csv.reader(StringIO(body.decode("utf-8-sig")), delimiter=";"))


@pytest.fixture
def outside(app: Flask, as_owner: Browser) -> Outside:
    return Outside(app, as_owner)


def busy_connections() -> int:
    """How many connections of this process are in use beside the test's own."""
    db.session.rollback()
    return int(db.engine.pool.checkedout())  # type: ignore[attr-defined]


def test_all_clients_arrive(outside: Outside, owner: User) -> None:
    db.session.execute(ADD_CLIENTS, {"owner": owner.id, "count": MANY})
    db.session.commit()
    rows = outside.table("/clients/export?sort=email&order=asc")
    assert len(rows) == 1 + MANY
    assert rows[0][-1] == "Город" and rows[-1][-1] == "Омск"
    assert len({row[0] for row in rows}) == 1 + MANY
    assert busy_connections() == 0


def test_all_recipients_arrive_in_the_readers_language(outside: Outside, owner: User) -> None:
    owner.language = "ru"
    db.session.commit()
    run = make_run(make_mailing(owner))
    make_deliveries(run, refused=3, accepted=1000)
    rows = outside.table(f"/mailings/{run.mailing_id}/runs/{run.id}/deliveries.csv")
    assert len(rows) == 1 + 1003
    assert {row[3] for row in rows[1:]} == {"отклонено", "принято"}
    assert busy_connections() == 0


def test_a_fault_before_the_first_byte_is_a_page(outside: Outside, owner: User) -> None:
    run = make_run(make_mailing(owner))
    status, body = outside.take(f"/mailings/{run.mailing_id}/runs/{run.id}/deliveries.csv?outcome=x")
    assert status == 400 and b"<html" in body
    status, body = outside.take("/clients/export?filter=999999")
    assert status == 404 and b"<html" in body
    assert busy_connections() == 0


def test_a_fault_after_it_breaks_the_download(app: Flask, outside: Outside, owner: User) -> None:
    db.session.execute(ADD_CLIENTS, {"owner": owner.id, "count": MANY})
    db.session.commit()

    def cut(pieces: Iterator[bytes]) -> int:
        size = len(next(iter(pieces)))
        with app.app_context(), db.engine.connect() as other:  # what a restart of the database does to a reader
            other.execute(END_THE_OTHERS)
        with pytest.raises(Exception, match=r"terminat|closed"):
            size += sum(map(len, pieces))
        return size

    db.session.rollback()
    assert outside.take("/clients/export", read=cut)[1] > 0
    assert busy_connections() == 0


@pytest.mark.parametrize("leave", [list, lambda pieces: next(iter(pieces), b""), lambda pieces: None])
def test_a_reader_who_leaves_holds_nothing(outside: Outside, owner: User, leave: Callable[[Any], Any]) -> None:
    make_client(owner)
    for method in ("GET", "HEAD"):
        assert outside.take("/clients/export", method, leave)[0] == 200
    assert busy_connections() == 0


@pytest.mark.parametrize(
    "name", ["a.csv", 'a "b"; c.csv', "Прайс лист.pdf", "прайс", "Café.pdf", "50%.txt", "’‘.txt", "\ud800.txt", "😀"]
)
def test_a_name_of_any_letters_stands_in_a_header(name: str) -> None:
    written = saved_as(name)
    assert written.isascii()
    assert parse_options_header(written)[1]["filename"] == name.replace("\ud800", "?")


def test_nothing_else_streams() -> None:
    streaming = re.compile(r"stream_with_context|yield_per|direct_passthrough")
    reads_in_one_go = {"journal/entries.py", "accounts/own_data.py", "clients/queries.py"}
    found = {
        path.relative_to(ROOT / "mailer").as_posix()
        for path in (ROOT / "mailer").rglob("*.py")
        if streaming.search(path.read_text())
    }
    assert found - reads_in_one_go <= {csv_download.__module__.removeprefix("mailer.") + ".py"}
