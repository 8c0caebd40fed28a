"""Admins look at everything and change nothing."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.admin.overviews import OVERVIEWS
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mail_server import MailServer
from mailer.models.user import Role, User
from mailer.queue import SEND_RUN, enqueue
from mailer.sending import transports
from tests.conftest import Browser
from tests.factories import make_client, make_user, save
from tests.world import furnish, query_of

TABLES = [overview.model.__tablename__ for overview in OVERVIEWS]
CLOSED = ("new/", "edit/?id=1", "delete/", "action/", "export/csv/", "ajax/lookup/", "ajax/update/")


@pytest.fixture
def as_admin(web: Browser, owner: User, app: Flask) -> Browser:
    """An admin's browser, before a world with one of each thing."""
    furnish(app, owner)
    return web.login(make_user(role=Role.ADMIN))


@pytest.mark.parametrize("table", TABLES)
def test_there_are_a_list_and_details_and_nothing_else(as_admin: Browser, table: str) -> None:
    assert "data-row=" in as_admin.get(f"/admin/{table}/").text
    assert as_admin.get(f"/admin/{table}/details/{query_of(f'all_{table}.details_view')}").status_code == 200
    for path in CLOSED:
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert as_admin.open(f"/admin/{table}/{path}", method=verb).status_code == 404, (path, verb)
    for path in ("", "details/?id=1"):
        assert as_admin.post(f"/admin/{table}/{path}").status_code == 405


@pytest.mark.parametrize("query", ["?id=999999999", "?id=x", "?id=1,2,3,4", "?id=99999999999999999999"])
def test_a_row_that_is_not_there_is_not_found(as_admin: Browser, query: str) -> None:
    assert as_admin.get(f"/admin/users/details/{query}").status_code == 404


def test_secrets_are_on_no_page(as_admin: Browser, owner: User) -> None:
    pages = as_admin.get("/admin/users/").text + as_admin.get(f"/admin/users/details/?id={owner.id}").text
    pages += (
        as_admin.get("/admin/account_emails/details/?id=1").text + as_admin.get("/admin/clients/details/?id=1").text
    )
    assert owner.password_hash not in pages
    assert "argon2" not in pages
    assert "context" not in pages


def test_what_is_hostile_is_shown_as_it_is(as_admin: Browser, owner: User) -> None:
    client = make_client(owner, first_name="<script>alert(1)</script>")
    page = as_admin.get(f"/admin/clients/details/?id={client.id}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_lists_are_searched_sorted_and_paged(as_admin: Browser) -> None:
    for number in range(30):
        make_user(email=f"person{number:02}@golub.test")
    assert as_admin.get("/admin/users/?search=person07").text.count("data-row=") == 1
    assert as_admin.get("/admin/users/?search=person").text.count("data-row=") == 25
    assert as_admin.get("/admin/users/?search=person&page=1").text.count("data-row=") == 5
    assert as_admin.get("/admin/users/?sort=1").status_code == 200
    assert "empty-state" in as_admin.get("/admin/users/?search=nobody").text


def test_the_machinery_is_shown(app: Flask, as_admin: Browser) -> None:
    name = transports.configured()[0].transport.name
    save(MailServer(name=name, fault_count=1, probe_at=utcnow(), last_fault="421 busy <b>", last_fault_at=utcnow()))
    enqueue(SEND_RUN, 1)
    page = as_admin.get("/admin/state/").text
    assert f'data-server="{name}"' in page
    assert "421 busy &lt;b&gt;" in page
    queue = page.split('data-queue="mailings"')[1].split("</tr>")[0]
    assert ">1<" in queue


def test_the_machinery_is_shown_while_redis_is_away(
    app: Flask, as_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    answer = as_admin.get("/admin/state/")
    assert answer.status_code == 200
    assert "data-queue" not in answer.text
    db.session.rollback()
