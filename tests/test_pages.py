"""What holds for every page that anybody can open."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg2.errors import DiskFull
from sqlalchemy.exc import OperationalError

from mailer.models.user import User
from mailer.web import readable_address
from tests.test_access import ROWS
from tests.world import address_of, browsers_of_everybody, query_of

PEOPLE = ("anonymous", "owner", "editor", "manager", "admin")
OUTSIDE = re.compile(
    r"""<(?:script|link(?! rel="canonical")|img|iframe|source)\b[^>]*\b(?:src|href)=["'](?:https?:)?//""", re.IGNORECASE
)
INLINE = re.compile(r"""<[^>]+\s(?:on[a-z]+|style)\s*=|<style\b|<script(?![^>]*\bsrc=)[^>]*>""", re.IGNORECASE)


def pages(app: Flask, people: dict[str, FlaskClient]) -> Iterator[tuple[str, str]]:
    """Everything that answers a GET with a whole HTML page: who asked for what, and the page."""
    for endpoint, method in ROWS:
        if method != "GET" or endpoint.endswith(("preview_html", "preview_draft_html")):
            continue
        url = address_of(app, endpoint)
        url += query_of(endpoint)
        for name in PEOPLE:
            answer = people[name].get(url)
            page = answer.get_data(as_text=True)
            if answer.mimetype == "text/html" and answer.status_code not in (302, 303) and "<html" in page:
                yield f"{name} {url} {answer.status_code}", page


def test_every_page_is_whole_safe_and_ours(app: Flask, owner: User) -> None:
    seen = 0
    for story, page in pages(app, browsers_of_everybody(app, owner)):
        seen += 1
        assert re.search(r'<html[^>]+lang="(ru|en)"', page), story
        assert re.search(r"<title>\s*\S[^<]*</title>", page), story
        assert len(re.findall(r"<h1\b", page)) == 1, story
        assert not OUTSIDE.search(page), (story, OUTSIDE.search(page))
        if " /admin/" not in story:  # Flask-Admin's own pages have a policy of their own
            assert not INLINE.search(page), (story, INLINE.search(page))
        for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
            is_post = re.search(r'method="post"', form, re.IGNORECASE)
            assert not is_post or 'name="csrf_token"' in form or "/u/" in form, (story, form[:200])
    assert seen > 100


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/login", "/mailings"])
def test_every_answer_carries_the_security_headers(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Request-Id"]


def test_private_pages_are_never_stored(app: Flask, owner: User) -> None:
    people = browsers_of_everybody(app, owner)
    for path in ("/dashboard", "/clients/", "/mailings", "/profile"):
        assert people["owner"].get(path).headers["Cache-Control"] == "private, no-store", path


def test_static_files_with_their_hash_are_kept_for_ever(app: Flask) -> None:
    page = app.test_client().get("/login").get_data(as_text=True)
    address = re.search(r'href="(/static/css/golub\.css\?v=[0-9a-f]{12})"', page)
    assert address
    answer = app.test_client().get(address[1])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    ["/clients/9223372036854775808", "/clients/-1", "/clients/x", "/clients/?page=0", "/clients/?page=999999999999",
     "/mailings?page=99999999999999999999", "/messages?page=-1", "/mailings/1/runs/99999999999999999999"],
)  # fmt: skip
def test_odd_numbers_find_nothing_and_break_nothing(app: Flask, owner: User, path: str) -> None:
    assert browsers_of_everybody(app, owner)["owner"].get(path).status_code == 404


@pytest.mark.parametrize("path", ["/clients/?sort=password", "/mailings?sort=1;drop", "/messages?sort=x"])
def test_an_unknown_order_is_refused(app: Flask, owner: User, path: str) -> None:
    assert browsers_of_everybody(app, owner)["owner"].get(path).status_code == 400


def test_an_error_says_what_to_do_in_both_languages(app: Flask) -> None:
    web = app.test_client()
    assert 'lang="ru"' in web.get("/nothing").get_data(as_text=True)
    web.post("/language", data={"language": "en", "next": "/"})
    page = web.get("/nothing").get_data(as_text=True)
    assert 'lang="en"' in page
    assert "Nothing here" in page


def test_a_crash_is_a_page_with_a_number_and_no_details(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(**_kwargs: object) -> str:
        raise RuntimeError("a secret detail")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(app.view_functions, "home.privacy", explode)
    answer = app.test_client().get("/privacy")
    assert answer.status_code == 500
    page = answer.get_data(as_text=True)
    assert answer.headers["X-Request-Id"] in page
    assert "secret detail" not in page


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        OperationalError("INSERT", {}, DiskFull("could not extend file")),
    ],
)
def test_a_full_disk_is_said_and_is_no_crash(app: Flask, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def explode(**_kwargs: object) -> str:
        raise error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(app.view_functions, "home.privacy", explode)
    answer = app.test_client().get("/privacy")
    assert answer.status_code == 507
    assert "Сохранить некуда" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("ivan@xn--e1afmkfd.xn--p1ai", "ivan@пример.рф"), ("a@b.test", "a@b.test"), ("a@xn--,", "a@xn--,")],
)
def test_international_addresses_are_shown_as_their_owners_know_them(stored: str, shown: str) -> None:
    assert readable_address(stored) == shown
