"""Requests that no form of ours makes: they get an answer, never a crash, and change nothing."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import ImmutableMultiDict

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import Role, User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, make_user, save
from tests.test_access import TABLE, digest
from tests.world import address_of, browsers_of_everybody

QUERIES = [
    "q='%20OR%201=1--&sort=id;DROP TABLE users&page=1", "q=%25_%5C&sort=password_hash", "q=%00&status=nonsense",
    "q=" + "a" * 5000 + "&page=0", "page=-1&order=sideways", "page=1000000000", "page=x", "page=99999999999999999999",
    "tag=%F0%9F%92%A9&role=x&state=x&action=x&from=31-02-2026", "mailing_id=9223372036854775808&ids=1&ids=x&id=1&id=2",
    "next=//evil.example&%ff=%fe",
]  # fmt: skip


class NotedArguments(ImmutableMultiDict[str, str]):
    """Parameters of an address, which note what is read of them: what nobody reads cannot break anything."""

    read: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        self.read.add(key)
        return super().getlist(key, type)

    def _all(self) -> None:
        self.read.update(name for query in QUERIES for name in parse_qs(query))

    def __iter__(self) -> Iterator[str]:
        self._all()
        return super().__iter__()

    def items(self, multi: bool = False) -> Any:
        self._all()
        return super().items(multi)


def queries_read(ask: Callable[[str], None]) -> set[str]:
    """Ask with no query, and with each that names something which was read so far; those asked with."""
    NotedArguments.read.clear()
    ask("")
    todo = {query: set(parse_qs(query)) for query in QUERIES}
    while chosen := next((query for query, names in todo.items() if names & NotedArguments.read), None):
        del todo[chosen]
        ask(chosen)
    return set(QUERIES) - set(todo)


@pytest.mark.slow
def test_no_query_breaks_a_page(app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    people = browsers_of_everybody(app, owner)
    monkeypatch.setattr(app.request_class, "parameter_storage_class", NotedArguments)
    before, asked_of = digest(), {}
    for endpoint, methods in TABLE.items():
        if "GET" not in methods or endpoint in ("static", "admin.static"):
            continue
        person = "admin" if endpoint.startswith(("manager.", "admin.", "posts.")) else "owner"

        def ask(query: str, person: str = person, path: str = address_of(app, endpoint)) -> None:
            with people[person].get(f"{path}?{query}") as answer:  # a file sent as it is made ends with its request
                assert answer.status_code < 500, (path, query)
            assert "evil.example" not in (answer.location or ""), (path, query)

        if endpoint.startswith("all_") and not endpoint.startswith(("all_users.", "all_runs.")):
            ask("")  # one view draws all tables of the panel, and two stand for them
            continue
        asked_of[endpoint] = queries_read(ask)
    assert len(asked_of["clients.index"]) > 8
    assert sum(map(len, asked_of.values())) > 300, {name: len(queries) for name, queries in asked_of.items()}
    assert digest() == before


NONSENSE = {
    "name": "\0", "email": "a@b>\r\nRCPT TO:<x@y", "ids": "x", "token": "x", "action": "nonsense", "period": "never",
    "audience": "all the world", "message_id": "9223372036854775808", "starts_at": "31.02.2026",
    "timezone": "Mars/Base",
    "csv": "x", "password": "\0", "role": "emperor", "reason": "\0", "daily_limit": "1e99",
    "language": "xx",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["form", "json", "multipart", "charset"])
def test_no_body_breaks_an_action(app: Flask, owner: User, kind: str) -> None:
    people = browsers_of_everybody(app, owner)
    for endpoint, methods in TABLE.items():
        if "POST" not in methods or endpoint in ("auth.logout", "manager.end_sessions"):
            continue
        person = "admin" if endpoint.startswith(("manager.", "admin.", "posts.")) else "owner"
        bodies: dict[str, dict[str, Any]] = {
            "form": {"data": NONSENSE},
            "json": {"json": {"name": ["x"], "ids": {"a": 1}}},
            "multipart": {"data": {"file": (io.BytesIO(b"\x89PNG\0"), "../../x.php\0.csv"), **NONSENSE},
                          "content_type": "multipart/form-data"},
            "charset": {"data": b"name=\xff\xfe&ids=%ZZ",
                        "content_type": "application/x-www-form-urlencoded; charset=utf-7"},
        }  # fmt: skip
        answer = people[person].post(address_of(app, endpoint), **bodies[kind])
        assert answer.status_code < 500, (endpoint, kind)


@pytest.mark.parametrize(
    "id_", ["0", "-1", "9223372036854775807", "9223372036854775808", "1e3", "x", "%00", "1%20OR%201"]
)
def test_odd_numbers_name_nothing(as_owner: Browser, owner: User, id_: str) -> None:
    make_mailing(owner, [make_client(owner)])
    for path in (f"/clients/{id_}", f"/mailings/{id_}", f"/messages/{id_}", f"/mailings/1/runs/{id_}"):
        assert as_owner.get(path).status_code == 404, path


def test_ids_of_others_are_refused_one_inside_another(as_owner: Browser, owner: User, stranger: User) -> None:
    mine, theirs = make_mailing(owner, [make_client(owner)]), make_mailing(stranger, [make_client(stranger)])
    run = save(Run(owner_id=stranger.id, mailing_id=theirs.id, occurrence="x", planned_at=func.now()))
    for action in ("resend-uncertain", "count-as-accepted", "retry-refused"):
        assert as_owner.post(f"/mailings/{mine.id}/runs/{run.id}/{action}").status_code == 404
    for path in (f"runs/{run.id}", f"runs/{run.id}/progress", f"runs/{run.id}/deliveries/1"):
        assert as_owner.get(f"/mailings/{mine.id}/{path}").status_code == 404
    message = make_message(owner)
    client = db.session.scalars(select(Client).where(Client.owner_id == stranger.id)).one()
    answer = as_owner.post("/messages/preview", data={"subject": "x", "text_body": "x", "client_id": str(client.id)})
    assert answer.status_code in (200, 404, 422)
    assert client.email not in answer.text
    assert as_owner.get(f"/messages/{message.id}?client_id={client.id}").status_code in (200, 404)
    assert client.email not in as_owner.get(f"/messages/{message.id}?client_id={client.id}").text


def test_forms_take_no_more_than_they_show(as_owner: Browser, owner: User, stranger: User) -> None:
    extra = {
        "id": "99", "owner_id": str(stranger.id), "role": "admin", "confirmed_at": "2026-01-01", "blocked_at": "",
        "daily_limit": "999999", "needs_approval": "", "password_hash": "x", "email": "boss@golub.test",
        "version": "77", "disabled_at": "", "completed_at": "2026-01-01", "accepted_count": "9",
    }  # fmt: skip
    as_owner.post("/profile", data={"timezone": "UTC", "language": "en", **extra})
    as_owner.post("/clients/new", data={"first_name": "A", **extra, "email": "new@example.test"})
    db.session.expire_all()
    me = db.session.get_one(User, owner.id)
    assert (me.role, me.email, me.daily_limit) == (Role.USER, "owner@golub.test", None)
    client = db.session.scalars(select(Client)).one()
    assert (client.owner_id, client.id) == (owner.id, 1)


def test_a_method_named_in_the_form_or_a_header_is_not_used(as_owner: Browser, owner: User) -> None:
    client = make_client(owner)
    for way in ({"data": {"_method": "DELETE"}}, {"headers": {"X-HTTP-Method-Override": "DELETE"}}):
        as_owner.post(f"/clients/{client.id}/edit", **way)
        as_owner.get(f"/clients/{client.id}", query_string={"_method": "DELETE"})
    db.session.refresh(client)
    assert client.deleted_at is None


def test_head_is_get_without_a_body(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)])
    for path in ("/mailings", f"/mailings/{mailing.id}", "/profile", "/login"):
        head, get = as_owner.head(path), as_owner.get(path)
        assert (head.status_code, head.data) == (get.status_code, b"")
    assert as_owner.head(f"/mailings/{mailing.id}/delete").status_code == 405


def test_floods_of_fields_and_bytes_are_refused(as_owner: Browser) -> None:
    many = "--x\r\n" + "".join(f'Content-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n--x\r\n' for n in range(2000))
    answer = as_owner.post("/clients/new", data=many.encode(), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert as_owner.post("/clients/new", data={"comment": "x" * (3 * 1024 * 1024)}).status_code in (413, 422)
    huge = {"CONTENT_LENGTH": str(500 * 1024 * 1024)}
    assert as_owner.post("/clients/new", environ_overrides=huge).status_code == 413


def test_a_packed_body_is_not_unpacked(as_owner: Browser, owner: User) -> None:
    packed = gzip.compress(b"email=packed@example.test&first_name=A")
    answer = as_owner.post(
        "/clients/new", data=packed, content_type="application/x-www-form-urlencoded",
        headers={"Content-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code in (400, 415, 422)
    assert db.session.scalar(select(func.count(Client.id))) == 0


def test_a_broken_permission_check_opens_nothing(
    as_owner: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = make_mailing(owner, [make_client(owner)], name="Secret plan")

    def explode(_self: User, _permission: object) -> bool:
        raise RuntimeError("a fault in the check, with a secret of 4711")

    monkeypatch.setattr(User, "can", explode)
    for method, path in (
        ("GET", "/mailings"),
        ("GET", f"/mailings/{mailing.id}"),
        ("POST", f"/mailings/{mailing.id}/delete"),
    ):
        answer = as_owner.open(path, method=method)
        assert answer.status_code == 500
        assert "Secret plan" not in answer.text
        assert "4711" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text, "the number by which the log finds it"
    db.session.expire_all()
    assert db.session.get_one(Mailing, mailing.id).deleted_at is None


def test_two_forms_with_one_version_are_one_change(as_owner: Browser, owner: User) -> None:
    client = make_client(owner)
    form = {"email": client.email, "version": str(client.version)}
    statuses = [
        as_owner.post(f"/clients/{client.id}/edit", data=form | {"first_name": name}).status_code for name in "AB"
    ]
    assert statuses == [303, 409]


def test_a_user_of_another_key_is_nobody(app: Flask, web: Browser, owner: User) -> None:
    from flask.sessions import SecureCookieSessionInterface

    own = SecureCookieSessionInterface().get_signing_serializer(app)
    real = make_user()
    assert own is not None
    for salt, key in (("cookie-session", "another key, quite long enough"), ("other", app.config["SECRET_KEY"])):
        forger = type(own)(key, salt=salt, serializer=own.serializer, signer_kwargs=own.signer_kwargs)
        web.set_cookie("session", forger.dumps({"_user_id": str(real.id)}))
        assert web.get("/profile").status_code == 302


def test_a_body_is_as_large_as_its_form_needs(app: Flask, as_owner: Browser) -> None:
    app.config["WTF_CSRF_ENABLED"], was = True, app.config["WTF_CSRF_ENABLED"]
    try:
        for path, size, is_refused in (
            ("/login", 3 * 2**20, True), ("/clients/new", 2**20, True), ("/clients/import/", 20 * 2**20, False),
            ("/profile/avatar", 5 * 2**20, False), ("/clients/import/", 52 * 2**20, True),
        ):  # fmt: skip
            body = io.BytesIO(b"x" * size)
            answer = as_owner.post(path, data={"file": (body, "a.bin")}, content_type="multipart/form-data")
            assert (answer.status_code == 413) is is_refused, (path, size, answer.status_code)
    finally:
        app.config["WTF_CSRF_ENABLED"] = was
