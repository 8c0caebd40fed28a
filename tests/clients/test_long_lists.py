"""Long lists: no page reads every client, and the numbers that are kept are those that counting gives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from mailer.accounts.erasing import erase_some, forget_person
from mailer.client_counts import client_count, fold, tag_counts
from mailer.clients import services, tags
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.client_count import ClientCount
from mailer.models.client_criteria import client_mentions
from mailer.models.client_text import INDEX, ClientText
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.scope import scope_of
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.series.taking import on_list
from tests.conftest import Browser, owner_engine
from tests.factories import add_clients, make_client, make_due_run, save

LENGTH = 2_000
LIVE = Client.deleted_at.is_(None)


def counted(owner: User) -> dict[str | None, int]:
    """What counting gives: live clients, and those with each tag."""
    found: Counter[str | None] = Counter()
    for client in db.session.scalars(db.select(Client).where(Client.owner_id == owner.id, Client.deleted_at.is_(None))):
        found.update([None, *client.tags])
    return dict(found)


def kept(owner: User) -> dict[str | None, int]:
    """What is kept."""
    return {None: client_count(owner.id)} | {tag: int(count) for tag, count in db.session.execute(tag_counts(owner.id))}


def test_the_kept_numbers_are_those_that_counting_gives(owner: User, stranger: User) -> None:
    make_client(stranger, tags=["vip"])
    people = [make_client(owner, tags=tag) for tag in (["vip"], ["vip", "new"], [], ["new"])]
    assert kept(owner) == counted(owner) == {None: 4, "vip": 2, "new": 2}
    mine = [Client.owner_id == owner.id]
    for step in (
        lambda: services.add_tag(mine, "осень"),
        lambda: services.delete_client(people[1]),
        fold,
        lambda: services.delete_clients([*mine, Client.id == people[3].id]),
        lambda: services.restore_client(people[1]),
        lambda: tags.rename_tag(owner, "new", "vip"),
        fold,
        lambda: tags.delete_tag(owner, "осень"),
        lambda: db.session.delete(people[0]),
    ):
        step()
        db.session.commit()
        db.session.expire_all()
        assert kept(owner) == counted(owner)
    fold()
    assert kept(owner) == {None: 2, "vip": 1}
    rows = db.session.execute(db.select(ClientCount.owner_id, ClientCount.is_deleted, ClientCount.tag)).all()
    assert len(rows) == len(set(rows)), "one row a number is left"
    forget_person(owner, utcnow())
    db.session.commit()
    assert erase_some() == 1
    assert kept(owner) == {None: 0}
    assert kept(stranger) == {None: 1, "vip": 1}
    assert db.session.scalar(db.select(db.func.count()).where(ClientCount.owner_id == owner.id)) == 0


def searched(owner: User) -> dict[str, list[str]]:
    """What a search looks through, of each live client, and what searching by that finds."""
    by_email = db.select(Client.email).where(Client.owner_id == owner.id, LIVE).order_by(Client.email)
    return {
        "words": sorted(db.session.scalars(db.select(ClientText.words).where(ClientText.owner_id == owner.id))),
        "found": list(db.session.scalars(by_email.where(*client_mentions("Ёлка")))),
        "by number": list(db.session.scalars(by_email.where(*client_mentions("89123456789")))),
    }


def test_a_search_follows_whatever_changes_a_client(owner: User) -> None:
    anna, boris = (make_client(owner, f"{name}@x.test") for name in ("anna", "boris"))
    assert searched(owner)["words"] == ["   anna@x.test  ", "   boris@x.test  "]
    anna.last_name, boris.attributes = "Елкаева", {"тел": "+7 (912) 345-67-89", "прим": "ЁЛКА"}
    db.session.commit()
    found = searched(owner)
    assert (found["found"], found["by number"]) == (["anna@x.test", "boris@x.test"], ["boris@x.test"])
    anna.last_name, anna.tags = "", ["x"]
    db.session.delete(boris)
    db.session.commit()
    assert searched(owner) == {"words": ["   anna@x.test  "], "found": [], "by number": []}


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, cursor: Any, *_rest: Any) -> None:
        asked.append(cursor.query.decode())

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "after_cursor_execute", note)


def rows_read(statement: str, table: str = "clients") -> int:
    """How many rows of a table, or entries of their indexes, a question has PostgreSQL look at."""
    plan = db.session.scalar(text("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace(":", r"\:")))
    (top,) = plan if isinstance(plan, list) else json.loads(str(plan))
    return sum(_rows(node, table) for node in _nodes(top["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _rows(node: dict[str, Any], table: str = "clients") -> int:
    if node.get("Relation Name") != table:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


@pytest.fixture
def many(owner: User) -> None:
    """A list that is long for a test."""
    add_clients(owner, LENGTH)
    set_tags = "UPDATE clients SET tags = ARRAY['all', 'tag ' || id % 40], last_name = 'Name ' || id % 700"
    db.session.execute(text(set_tags))
    db.session.commit()
    save(Suppression(owner_id=owner.id, email_key="c7@example.test", reason=SuppressionReason.MANUAL))
    with owner_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE clients, client_texts, suppressions")


def test_no_page_reads_every_client(
    as_owner: Browser, as_manager: Browser, owner: User, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(ClientCount(owner_id=owner.id, is_deleted=False, tag="nobody’s", change=0))
    monkeypatch.setattr("mailer.long_pages.COUNTED", 200)
    asked_by = {
        as_owner: (
            "/clients/",
            "/clients/?page=40",
            "/clients/?sort=name",
            "/clients/?sort=email",
            "/clients/?tag=all",
            "/clients/?tag=all&state=subscribed",
            "/clients/tags/",
            "/clients/segments/new",
            "/series/new",
            "/clients/topics/",
            "/mailings/new",
            "/calendar",
        ),
        as_manager: ("/clients/", "/clients/?sort=name", f"/clients/?owner={owner.id}", f"/manager/users/{owner.id}"),
    }
    for web, paths in asked_by.items():
        for path in paths:
            with statements() as asked:
                answer = web.get(path)
            assert answer.status_code == 200, path
            read = {query: rows_read(query) for query in asked if "clients" in query and query.startswith("SELECT")}
            assert sum(read.values()) < LENGTH / 2, (path, max(read, key=lambda query: read[query]))
    db.session.execute(text("SET LOCAL enable_seqscan = off"))  # a list of a test is quickly read whole
    with statements() as asked:
        db.session.scalars(db.select(Client.id).where(Client.owner_id == owner.id, *client_mentions("c1987"))).all()
    plan = db.session.scalars(text("EXPLAIN " + asked[0].replace(":", r"\:"))).all()
    assert any(INDEX in line for line in plan), plan
    page = as_owner.get("/clients/?state=subscribed").text
    assert "1–50, всего больше 200" in page
    assert "Все найденные клиенты: больше 200" in page
    assert "51–100 из 2" in as_owner.get("/clients/?page=2").text
    last = as_owner.get("/clients/?page=40&tag=all&sort=email&order=desc").text
    assert "951–2" in last
    assert last.index("c1000@") > last.index("c1001@") > last.index("c1002@")
    assert as_owner.get("/clients/?page=41").status_code == 404


def test_a_page_in_the_middle_by_name_is_found_in_the_index_alone(as_owner: Browser, many: None) -> None:
    with statements() as asked:
        assert as_owner.get("/clients/?sort=name&page=20").status_code == 200
    (query,) = [query for query in asked if "ORDER BY translate" in query]
    for way in ("seqscan", "bitmapscan", "sort"):  # as where the list is long
        db.session.execute(text(f"SET LOCAL enable_{way} = off"))
    plan = db.session.scalars(text("EXPLAIN " + query.replace(":", r"\:"))).all()
    assert any("Index Only Scan using ix_clients_owner_alphabetical" in line for line in plan), plan


def test_a_click_is_joined_to_its_delivery_within_one_exists(owner: User) -> None:
    """Of an EXISTS within it PostgreSQL thinks that nearly nothing is left, and looks up each click of a year."""
    for days in ({}, {"days": 30}):
        tree = {"what": "happened", "op": "yes", "outcome": "clicked"} | days
        condition = condition_of({"v": 1, "all": [tree]}, scope_of(owner))
        assert str(condition).count("EXISTS") == 1


def test_what_was_sent_is_looked_up_for_each_person(as_owner: Browser, owner: User, many: None) -> None:
    for is_known in (True, False):
        run = make_due_run(owner)
        write_recipient_list(run.id)
        with owner_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if is_known:
                connection.exec_driver_sql("VACUUM ANALYZE deliveries")
    ids = db.session.scalars(db.select(Client.id).order_by(Client.id).limit(100)).all()
    with statements() as asked:
        assert as_owner.get(f"/clients/{ids[0]}").status_code == 200
    assert sum(rows_read(query, "deliveries") for query in asked if "deliveries" in query) < LENGTH / 2
    with statements() as asked:
        assert set(db.session.scalars(on_list(run.id, ids))) == set(ids)
    db.session.execute(text("SET LOCAL enable_hashjoin = off"))  # as where either side is long
    db.session.execute(text("SET LOCAL enable_mergejoin = off"))
    read = {table: rows_read(asked[-1], table) for table in ("deliveries", "clients")}
    assert max(read.values()) <= len(ids), read
