from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.extensions import cache, db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing


def figures_on(page: str) -> dict[str, int]:
    found = re.findall(r'data-figure="(\w+)"><dt>.*?</dt>\s*<dd>(\d+)</dd>', page)
    return {name: int(number) for name, number in found}


def posts_on(page: str) -> list[str]:
    return re.findall(r'data-post="([\w-]+)"', page)


def test_counts_mailings_active_ones_and_distinct_addresses_of_all_owners(
    web: Browser, owner: User, stranger: User
) -> None:
    for person in (owner, stranger):
        make_client(person, "Same@example.test")
    make_client(owner, "other@example.test")
    make_client(owner, "gone@example.test", deleted_at=utcnow())
    make_mailing(owner, next_run_at=utcnow() + timedelta(days=1))
    make_mailing(owner, paused_at=utcnow())
    make_mailing(owner, completed_at=utcnow())
    make_mailing(stranger, deleted_at=utcnow())

    assert figures_on(web.get("/").text) == {"mailings": 3, "active_mailings": 1, "clients": 2}


def test_shows_three_published_articles(web: Browser, make_post: Callable[..., BlogPost]) -> None:
    published = {make_post().slug for _ in range(5)}
    make_post(status=PostStatus.DRAFT)

    shown = posts_on(web.get("/").text)

    assert len(shown) == 3
    assert set(shown) <= published


def test_figures_are_remembered_for_a_while(web: Browser, owner: User) -> None:
    web.get("/")
    make_client(owner)
    assert figures_on(web.get("/").text)["clients"] == 0
    cache.clear()
    assert figures_on(web.get("/").text)["clients"] == 1


def test_a_visitors_browser_keeps_the_page_and_asks_whether_it_changed(web: Browser, owner: User) -> None:
    first = web.get("/")
    assert first.headers["Cache-Control"] == "private, max-age=60"
    assert "Cookie" in first.headers["Vary"]

    again = web.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")

    make_client(owner)
    cache.clear()
    assert web.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_another_visitor_is_not_told_that_nothing_changed(app: Flask, web: Browser) -> None:
    etag = web.get("/").headers["ETag"]
    somebody_else = app.test_client()
    assert somebody_else.get("/", headers={"If-None-Match": etag}).status_code == 200


def test_nothing_is_stored_for_people_signed_in(as_owner: Browser) -> None:
    assert as_owner.get("/").headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/privacy", "/accessibility"])
def test_the_statements_can_be_read(web: Browser, path: str) -> None:
    assert web.get(path).text.count("<h1") == 1


def test_robots_are_kept_out_of_private_pages(web: Browser) -> None:
    answer = web.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert "Disallow: /u/" in answer.text.splitlines()


def test_the_old_icon_address_answers(web: Browser) -> None:
    assert web.get("/favicon.ico").mimetype == "image/svg+xml"


def test_the_language_picked_is_kept_in_the_browser(web: Browser) -> None:
    answer = web.post("/language", data={"language": "en", "next": "/privacy"})
    assert (answer.status_code, answer.location) == (303, "/privacy")
    assert '<html lang="en"' in web.get("/").text


def test_the_language_picked_is_kept_with_the_account(as_owner: Browser, owner: User) -> None:
    as_owner.post("/language", data={"language": "en"})
    db.session.refresh(owner)
    assert owner.language == "en"


def test_an_unknown_language_is_refused(web: Browser) -> None:
    assert web.post("/language", data={"language": "xx"}).status_code == 400


@pytest.mark.parametrize(
    "target", ["//evil.test", "/\\evil.test", "https://evil.test/", "javascript:alert(1)", "/\t/evil.test", "evil", ""]
)
def test_picking_a_language_never_leads_to_another_site(web: Browser, target: str) -> None:
    assert web.post("/language", data={"language": "en", "next": target}).location == "/"


@pytest.mark.parametrize("path", ["/privacy", "/accessibility"])
def test_the_statements_name_who_answers(app: Flask, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'class="operator"' not in app.test_client().get(path).text
    monkeypatch.setitem(app.config, "OPERATOR_NAME", "Example <Ltd>")
    monkeypatch.setitem(app.config, "OPERATOR_EMAIL", "office@example.test")
    cache.clear()
    page = app.test_client().get(path).text
    assert "Example &lt;Ltd&gt;" in page
    assert "mailto:office@example.test" in page
