"""However long the words that somebody sends, a request asks no more of the database than an ordinary one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.datastructures import ImmutableMultiDict

from mailer.extensions import db
from mailer.models.user import User
from tests.conftest import Browser
from tests.test_access import TABLE
from tests.world import address_of, browsers_of_everybody, query_of

LONG = {
    "words": [", ".join(f"w{number}" for number in range(2500))],
    "many": [str(number) for number in range(1, 1500)],
}
LISTS = {"tag", "without"}  # beside the plurals: what is sent several times
OF_EACH_TABLE = {"search", "address"}  # all else the panel's tables read in common
MOST_STATEMENTS, LONGEST_STATEMENT, MOST_VALUES, MOST_ROWS = 60, 30_000, 1600, 400


@dataclass
class Work:
    """What one request asks of the database."""

    statement_count: int = 0
    longest: int = 0  # characters of a statement
    values: int = 0  # bound to one statement, at most
    rows: int = 0
    asked: set[str] = field(default_factory=set)  # names of parameters that the view looked for

    def figures(self) -> tuple[int, int, int, int]:
        """To be read in a failure."""
        return self.statement_count, self.longest, self.values, self.rows

    def is_bounded(self) -> bool:
        return (
            self.statement_count <= MOST_STATEMENTS
            and self.longest <= LONGEST_STATEMENT
            and self.values <= MOST_VALUES
            and self.rows <= MOST_ROWS
        )


@pytest.fixture
def work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Counts until the test forgets what was counted."""
    counted = Work()

    class Watched(ImmutableMultiDict[str, Any]):
        """Parameters that note what they are asked for."""

        def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
            counted.asked.add(key)
            return super().get(key, *args, **kwargs)

        def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
            counted.asked.add(key)
            return super().getlist(key, *args, **kwargs)

        def __contains__(self, key: object) -> bool:
            counted.asked.add(str(key))
            return super().__contains__(key)

    watched = type("WatchedRequest", (app.request_class,), {"parameter_storage_class": Watched})
    monkeypatch.setattr(app, "request_class", watched)

    def after(conn: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        counted.statement_count += 1
        counted.longest = max(counted.longest, len(statement))
        counted.values = max(counted.values, len(parameters or ()))
        counted.rows += max(cursor.rowcount, 0)

    event.listen(db.engine, "after_cursor_execute", after)
    yield counted
    event.remove(db.engine, "after_cursor_execute", after)


@pytest.mark.slow
def test_long_words_cost_no_more_than_short_ones(app: Flask, owner: User, work: Work) -> None:
    people = browsers_of_everybody(app, owner)
    asked_for: set[str] = set()
    too_much = []
    sent: set[tuple[str, str, str]] = set()
    for endpoint, methods in TABLE.items():
        for method in methods:
            if endpoint in ("static", "admin.static", "auth.logout"):
                continue
            person = people["admin" if endpoint.startswith(("manager.", "all_", "posts.", "review.")) else "owner"]
            address = address_of(app, endpoint)
            names = sorted(_asked(person, method, address, endpoint, work) - {"csrf_token", "id"})
            asked_for.update(names)
            if method == "POST":  # a form reads all its fields at once, and each is judged for itself
                together = dict.fromkeys(names, LONG["words"])
                if not _send(person, method, address, endpoint, together, work).is_bounded():
                    too_much.append((endpoint, method, "all", "words", *work.figures()))
            for name in names:
                view = "table" + endpoint.partition(".")[2] if is_of_all_tables(endpoint, name) else endpoint
                if (view, method, name) in sent:
                    continue
                sent.add((view, method, name))
                kinds = {"words"} if method == "GET" else set()
                kinds |= {"many"} if name.endswith("s") or name in LISTS else set()
                for kind in kinds:
                    if not _send(person, method, address, endpoint, {name: LONG[kind]}, work).is_bounded():
                        too_much.append((endpoint, method, name, kind, *work.figures()))
    assert not too_much
    assert {"q", "client_q", "search", "tag", "tags", "comment", "subject", "client_ids"} <= asked_for  # the net holds


def is_of_all_tables(endpoint: str, name: str) -> bool:
    """Whether one table of the panel stands for all."""
    return endpoint.startswith("all_") and name not in OF_EACH_TABLE


def _asked(person: Browser, method: str, address: str, endpoint: str, work: Work) -> set[str]:
    return set(_send(person, method, address, endpoint, {"nothing": ["x"]}, work).asked)


def _send(person: Browser, method: str, address: str, endpoint: str, values: dict[str, list[str]], work: Work) -> Work:
    work.__init__()  # type: ignore[misc]
    key = parse_qs(query_of(endpoint).removeprefix("?"))
    sent = {"query_string": key | values} if method == "GET" else {"query_string": key, "data": values}
    with person.open(address, method=method, **sent) as answer:
        assert answer.status_code < 500, (method, address, list(values))
    return work
