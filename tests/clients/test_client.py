"""One client: added, changed, deleted, left out of mailings, and everything that was ever sent to them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.run import Run
from mailer.models.user import Role, User
from mailer.smtp.results import Outcome, Phase
from tests.clients.conftest import live_clients
from tests.conftest import Browser, browser_of
from tests.factories import make_client, make_mailing, make_user, save

TYPED = {
    "email": " Anna@Example.TEST ",
    "last_name": "Щукина",
    "first_name": " Анна  Мария ",
    "patronymic": "Ивановна",
    "birth_year": "1990",
    "language": "en",
    "timezone": "владивосток",
    "tags": "vip; Москва, VIP",
    "comment": "первая\r\nвторая",
    "attributes": "Город: Омск\r\n\r\nСкидка: 5:10",
}


def test_a_client_is_added_with_every_attribute(as_owner: Browser, owner: User) -> None:
    answer = as_owner.post("/clients/new", data=TYPED | {"owner_id": "99", "id": "7", "token": "x", "import_id": "1"})
    assert answer.status_code == 303
    (client,) = live_clients()
    assert (client.owner_id, client.email, client.email_key) == (owner.id, "Anna@example.test", "anna@example.test")
    assert (client.full_name, client.birth_year) == ("Щукина Анна Мария Ивановна", 1990)
    assert (client.tags, client.comment) == (["vip", "Москва"], "первая\nвторая")
    assert (client.language, client.timezone) == ("en", "Asia/Vladivostok")
    assert client.attributes == {"Город": "Омск", "Скидка": "5:10"}
    page = as_owner.get(answer.location).text
    shown = "Щукина Анна Мария Ивановна", "Anna@example.test", "Омск", "vip", "1990", "английский", "Владивосток"
    assert all(text in page for text in shown)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", ""),
        ("email", "анна@пример"),
        ("last_name", "я" * 151),
        ("first_name", "a\x00b"),
        ("birth_year", "1899"),
        ("birth_year", "двадцать"),
        ("language", "tlh"),
        ("timezone", "Атлантида"),
        ("tags", "я" * 51),
        ("attributes", "без двоеточия"),
        ("comment", "я" * 2001),
    ],
)
def test_a_wrong_value_is_named_and_what_was_typed_is_kept(as_owner: Browser, field: str, typed: str) -> None:
    answer = as_owner.post("/clients/new", data=TYPED | {field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "Ивановна" in answer.text
    assert live_clients() == []


def test_an_address_is_taken_once_by_an_owner_in_any_case(as_owner: Browser, owner: User, stranger: User) -> None:
    make_client(stranger, "anna@example.test")
    assert as_owner.post("/clients/new", data=TYPED).status_code == 303
    answer = as_owner.post("/clients/new", data=TYPED | {"email": "ANNA@example.test"})
    assert answer.status_code == 422 and 'id="email-error"' in answer.text


def edit_form(web: Browser, client_id: int) -> dict[str, str]:
    """The fields of the form as a browser sends them back."""
    html = web.get(f"/clients/{client_id}/edit").text
    version = re.search(r'name="version"[^>]*value="(\d+)"', html)
    assert version is not None
    return {"version": version[1], "email": "anna@example.test"}


def test_a_client_is_changed(as_owner: Browser, owner: User) -> None:
    client = make_client(owner, "anna@example.test", first_name="Анна")
    form = edit_form(as_owner, client.id)
    assert as_owner.post(f"/clients/{client.id}/edit", data=form | {"first_name": "Ольга"}).status_code == 303
    assert (live_clients()[0].first_name, live_clients()[0].version) == ("Ольга", 2)
    blank = edit_form(as_owner, client.id) | {"language": "\t" * 9}  # no choice, and longer than its column
    assert as_owner.post(f"/clients/{client.id}/edit", data=blank).status_code == 303
    assert live_clients()[0].language == ""


def test_a_stale_form_comes_back_and_saves_when_sent_again(as_owner: Browser, owner: User) -> None:
    client = make_client(owner, "anna@example.test", first_name="Анна")
    form = edit_form(as_owner, client.id)
    as_owner.post(f"/clients/{client.id}/edit", data=form | {"first_name": "Ольга"})
    late = as_owner.post(f"/clients/{client.id}/edit", data=form | {"first_name": "Дарья"})
    assert late.status_code == 409
    assert 'value="Дарья"' in late.text and "Ольга" in late.text
    assert live_clients()[0].first_name == "Ольга"
    again = re.search(r'name="version"[^>]*value="(\d+)"', late.text)
    assert again is not None
    as_owner.post(f"/clients/{client.id}/edit", data=form | {"version": again[1], "first_name": "Дарья"})
    assert live_clients()[0].first_name == "Дарья"


def test_a_deleted_client_comes_back_unless_the_address_is_in_use_again(as_owner: Browser, owner: User) -> None:
    client = make_client(owner, "anna@example.test")
    assert as_owner.post(f"/clients/{client.id}/delete").status_code == 303
    undo = re.findall(r'action="(/clients/\d+/restore)"', as_owner.get("/clients/").text)
    assert as_owner.get(f"/clients/{client.id}").status_code == 404
    assert as_owner.post(f"/clients/{client.id}/delete").status_code == 404
    as_owner.post(undo[0])
    assert len(live_clients()) == 1
    as_owner.post(f"/clients/{client.id}/delete")
    new = make_client(owner, "anna@example.test")
    as_owner.post(undo[0])
    assert [one.id for one in live_clients()] == [new.id]


def suppression(owner: User) -> Suppression | None:
    db.session.expire_all()
    return db.session.get(Suppression, (owner.id, "anna@example.test"))


def test_an_address_is_left_out_by_hand_and_taken_in_again(as_owner: Browser, owner: User) -> None:
    client = make_client(owner, "anna@example.test")
    as_owner.post(f"/clients/{client.id}/suppress")
    found = suppression(owner)
    assert found is not None and found.reason is SuppressionReason.MANUAL
    as_owner.post(f"/clients/{client.id}/unsuppress")
    assert suppression(owner) is None


def test_a_persons_own_word_is_taken_back_by_nobody_else(as_owner: Browser, web: Browser, owner: User) -> None:
    client = make_client(owner, "anna@example.test")
    save(Suppression(owner_id=owner.id, email_key="anna@example.test", reason=SuppressionReason.UNSUBSCRIBED))
    as_owner.post(f"/clients/{client.id}/suppress")  # does not weaken the reason
    for confirmation in ("", "anna@example.test", "Anna@example.test"):
        as_owner.post(f"/clients/{client.id}/unsuppress", data={"confirmation": confirmation})
        assert suppression(owner) is not None, confirmation
    assert "unsuppress" not in as_owner.get(f"/clients/{client.id}").text
    as_owner.post(f"/clients/{client.id}/delete")
    as_owner.post("/clients/new", data={"email": "anna@example.test"})
    assert suppression(owner) is not None

    web.post(f"/u/{client.token}/again")
    assert suppression(owner) is None


ANSWER = "550 5.1.1 <script>alert(1)</script> no such user"


@pytest.fixture
def written_to(owner: User) -> Client:
    """A client with a delivery of two attempts."""
    client = make_client(owner, "anna@example.test")
    mailing = make_mailing(owner, name="Autumn news")
    run = save(Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="1", planned_at=utcnow()))
    key = {"run_id": run.id, "position": 1}
    save(Delivery(**key, client_id=client.id, email=client.email, email_key=client.email_key))
    moments = {"started_at": utcnow(), "finished_at": utcnow()}
    save(
        Attempt(
            **key,
            number=1,
            outcome=Outcome.TRANSIENT,
            phase=Phase.RCPT,
            smtp_code=451,
            response="4.7.1 later",
            **moments,
        )
    )
    save(
        Attempt(**key, number=2, outcome=Outcome.PERMANENT, phase=Phase.RCPT, smtp_code=550, response=ANSWER, **moments)
    )
    return client


@pytest.mark.parametrize("reader", ["as_owner", "as_manager"])
def test_the_page_shows_every_attempt_word_for_word_and_inert(
    written_to: Client, reader: str, request: pytest.FixtureRequest
) -> None:
    html = request.getfixturevalue(reader).get(f"/clients/{written_to.id}").text
    assert "Autumn news" in html
    assert re.findall(r'data-attempt="(\d)" data-outcome="(\w+)"', html) == [("1", "transient"), ("2", "permanent")]
    assert "4.7.1 later" in html and "451" in html
    assert "550 5.1.1 &lt;script&gt;alert(1)&lt;/script&gt; no such user" in html and "<script>alert" not in html
    assert ("/edit" in html) is (reader == "as_owner")


def test_a_page_of_the_history_that_is_not_there(as_owner: Browser, written_to: Client) -> None:
    assert as_owner.get(f"/clients/{written_to.id}?page=2").status_code == 404


ROUTES = [
    ("GET", "/clients/{id}"),
    ("GET", "/clients/{id}/edit"),
    ("POST", "/clients/{id}/edit"),
    ("POST", "/clients/{id}/delete"),
    ("POST", "/clients/{id}/restore"),
    ("POST", "/clients/{id}/suppress"),
    ("POST", "/clients/{id}/unsuppress"),
]
GENERAL = [
    ("GET", "/clients/new"),
    ("POST", "/clients/new"),
    ("POST", "/clients/bulk"),
    ("GET", "/clients/export"),
    ("POST", "/clients/restore-deleted"),
    ("GET", "/clients/import/"),
    ("POST", "/clients/import/"),
    ("GET", "/clients/tags/"),
    ("POST", "/clients/tags/rename"),
    ("POST", "/clients/tags/delete"),
    ("GET", "/clients/segments/"),
    ("POST", "/clients/segments/from-list"),
]


def ask(web: Browser, method: str, path: str, **data: Any) -> int:
    return web.open(path, method=method, data=data or None).status_code


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_one_client_is_the_owners_alone(
    app: Flask, web: Browser, as_stranger: Browser, as_manager: Browser, owner: User, method: str, path: str
) -> None:
    client = make_client(owner, "anna@example.test")
    as_editor = browser_of(app).login(make_user(role=Role.EDITOR))
    path = path.format(id=client.id)
    is_looking = (method, path) == ("GET", f"/clients/{client.id}")
    assert ask(web, method, path) == (302 if method == "GET" else 401)
    assert ask(as_stranger, method, path, email="x@example.test", version="1") == 404
    manager_gets = 200 if is_looking else 403
    assert ask(as_manager, method, path, email="x@example.test", version="1") == manager_gets
    assert ask(as_editor, method, path) in ((403,) if path.endswith("/restore") else (404,))
    (same,) = live_clients()
    assert (same.email, same.version, suppression(owner)) == ("anna@example.test", 1, None)


@pytest.mark.parametrize(("method", "path"), GENERAL)
def test_who_does_not_send_adds_and_takes_out_nothing(
    app: Flask, web: Browser, as_manager: Browser, method: str, path: str
) -> None:
    as_editor = browser_of(app).login(make_user(role=Role.EDITOR))
    as_admin = browser_of(app).login(make_user(role=Role.ADMIN))
    assert ask(web, method, path) == (302 if method == "GET" else 401)
    assert [ask(browser, method, path) for browser in (as_manager, as_editor, as_admin)] == [403, 403, 403]


def test_an_editor_has_no_list(app: Flask, web: Browser) -> None:
    as_editor = browser_of(app).login(make_user(role=Role.EDITOR))
    assert as_editor.get("/clients/").status_code == 403
