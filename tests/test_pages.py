"""What holds for every page that anybody can open."""

from __future__ import annotations

import errno
import re

import pytest
from flask import Flask
from psycopg2.errors import DeadlockDetected, DiskFull
from sqlalchemy.exc import OperationalError

from mailer.models.user import Role, User
from mailer.readable import in_ascii, readable_address
from tests.conftest import Browser, browser_of
from tests.factories import make_user
from tests.world import address_of, populate

OUTSIDE = re.compile(
    r"""<(?:script|link(?! rel="canonical")|img|iframe|source)\b[^>]*\b(?:src|href)=["'](?:https?:)?//""", re.IGNORECASE
)
INLINE = re.compile(r"""<[^>]+\s(?:on[a-z]+|style)\s*=|<style\b|<script(?![^>]*\bsrc=)[^>]*>""", re.IGNORECASE)


OF_STRANGERS = re.compile('/u/|action="/s/')  # forms of people without an account: the link is what they prove


def flaws_of(page: str, is_of_panel: bool) -> list[str]:
    """What no page may be: untitled, with two headings or anything from elsewhere, with a form that anybody forges."""
    found = [] if re.search(r'<html[^>]+lang="(ru|en)"', page) else ["no language"]
    found += [] if re.search(r"<title>\s*\S[^<]*</title>", page) else ["no title"]
    found += [] if len(re.findall(r"<h1\b", page)) == 1 else ["not one heading"]
    found += [match[0] for match in OUTSIDE.finditer(page)]
    if not is_of_panel:  # Flask-Admin's own pages have a policy of their own
        found += [match[0] for match in INLINE.finditer(page)]
    for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
        is_post = re.search(r'method="post"', form, re.IGNORECASE)
        if is_post and 'name="csrf_token"' not in form and not OF_STRANGERS.search(form):
            found.append(f"no token: {form[:200]}")
    return found


def test_flaws_are_found() -> None:
    whole = '<html lang="ru"><title>Письма</title><h1>Письма</h1>'
    assert flaws_of(whole, False) == []
    for more in (
        "<h1>", '<img src="//a.test/x.png">', '<a onclick="x()">', "<script>x()</script>", '<p style="x">',
        '<form method="post"></form>',
    ):  # fmt: skip
        assert flaws_of(whole + more, False), more
    assert len(flaws_of("<html><h1>", False)) == 2


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/login", "/mailings"])
def test_every_answer_carries_the_security_headers(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Request-Id"]


def test_static_files_with_their_hash_are_kept_for_ever(app: Flask) -> None:
    page = app.test_client().get("/login").get_data(as_text=True)
    address = re.search(r'href="(/static/css/golub\.css\?v=[0-9a-f]{12})"', page)
    assert address
    answer = app.test_client().get(address[1])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_odd_numbers_find_nothing_and_an_unknown_order_is_refused(app: Flask, owner: User, as_owner: Browser) -> None:
    populate(app, owner)
    for path in (
        "/clients/9223372036854775808", "/clients/-1", "/clients/x", "/clients/?page=0", "/clients/?page=999999999999",
        "/mailings?page=99999999999999999999", "/messages?page=-1", "/mailings/1/runs/99999999999999999999",
    ):  # fmt: skip
        assert as_owner.get(path).status_code == 404, path
    for path in ("/clients/?sort=password", "/mailings?sort=1;drop", "/messages?sort=x"):
        assert as_owner.get(path).status_code == 400, path


def test_a_slash_too_many_or_too_few_leads_to_the_page_at_once(app: Flask, owner: User, as_owner: Browser) -> None:
    populate(app, owner)
    pages = [
        rule for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule != "/" and "<path:" not in rule.rule
    ]  # fmt: skip
    strayed = []
    for rule in pages:
        address = address_of(app, rule.endpoint)
        other = address.rstrip("/") if address.endswith("/") else f"{address}/"
        answer = as_owner.open(f"{other}?page=2&q=%D1%8F", method="GET")
        if answer.status_code != 308 or not answer.location.endswith(f"{address}?page=2&q=%D1%8F"):
            strayed.append((other, answer.status_code, answer.location))
    assert strayed == []


def test_a_slash_leads_nowhere_else(app: Flask, as_owner: Browser) -> None:
    for path in ("/nothing/", "/%2Felsewhere.example/mailings/", "/messages/1/delete/", "/%5Cx.example/"):
        assert as_owner.get(path).status_code == 404, path


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
    assert "Не хватает места для сохранения" in answer.get_data(as_text=True)


def test_two_transactions_that_lock_each_other_out_are_nobodys_fault(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(**_kwargs: object) -> str:
        raise OperationalError("UPDATE", {}, DeadlockDetected("deadlock detected"))

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(app.view_functions, "home.privacy", explode)
    assert app.test_client().get("/privacy").status_code == 409


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("ivan@xn--e1afmkfd.xn--p1ai", "ivan@пример.рф"), ("a@b.test", "a@b.test"), ("a@xn--,", "a@xn--,")],
)
def test_international_addresses_are_shown_as_their_owners_know_them(stored: str, shown: str) -> None:
    assert readable_address(stored) == shown
    assert in_ascii(shown) == stored


def test_what_is_shown_is_found_and_taken_back(app: Flask, owner: User, as_owner: Browser) -> None:
    populate(app, owner)
    as_admin = browser_of(app).login(make_user(role=Role.ADMIN))
    for search in ("client@пример.рф", "@Пример.РФ", "пример.рф", "xn--e1afmkfd"):
        assert "client@пример.рф" in as_owner.get("/clients/", query_string={"q": search}).text, search
        assert "client@пример.рф" in as_owner.get("/mailings/1/runs/1", query_string={"q": search}).text, search
    found = as_admin.get("/admin/deliveries/", query_string={"address": "Client@пример.рф"}).text
    assert "client@пример.рф" in found
    form = as_owner.get("/clients/1/edit").text
    assert 'value="client@пример.рф"' in form
    put_in = {"series_id": "1", "whom": "client", "email": "client@пример.рф"}
    assert 'id="email-error"' not in as_owner.post("/series/put-in", data=put_in).text, "it is known who is meant"
    put_in["email"] = "nobody@пример.рф"
    assert 'id="email-error"' in as_owner.post("/series/put-in", data=put_in).text
