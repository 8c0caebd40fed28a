"""Answers that lead on: whatever was sent, a browser and the server in front can follow them."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.extensions import db
from mailer.http import own_path
from mailer.models.blog_post import BlogPost
from mailer.models.user import Role
from mailer.redirects import LONGEST
from tests.conftest import Browser, browser_of
from tests.factories import make_user, save
from tests.messages.test_letters import begin

HUGE = "x" * 300_000


def test_what_was_sent_makes_no_way_on_that_nobody_can_follow(as_owner: Browser) -> None:
    path = begin(as_owner)
    answer = as_owner.post(f"{path}/keep-blocks", data={"name": "Ours", "first": HUGE})
    assert (answer.status_code, answer.location) == (303, path)
    assert HUGE[:LONGEST] not in answer.text
    assert answer.headers["Set-Cookie"]  # with the reason
    answer = as_owner.post(f"{path}/keep-blocks", data={"name": "Ours", "first": "b3", "last": HUGE})
    assert answer.location == f"{path}?part=b3"


@pytest.mark.parametrize(
    "url", [f"/admin/posts/?search={HUGE}", f"/{HUGE}", HUGE, f"/admin/posts/?search={'я' * 2000}"]
)
def test_an_article_is_deleted_however_long_the_way_back(app: Flask, url: str) -> None:
    editor = make_user(email="editor@golub.test", role=Role.EDITOR)
    post = save(BlogPost(title="Tea", slug="tea", content="Words.", author=editor))
    answer = browser_of(app).login(editor).post("/admin/posts/delete/", data={"id": post.id, "url": url})
    assert (answer.status_code, answer.location) == (
        302,
        "/" if "?" not in url else "/admin/posts/",
    )
    db.session.expire_all()
    assert db.session.get_one(BlogPost, post.id).deleted_at is not None


def test_an_own_address_has_a_length(app: Flask) -> None:
    assert own_path("/clients/?search=" + "x" * 7000)
    assert own_path("/clients/?search=" + "x" * LONGEST) is None
    assert own_path("/clients/?search=" + "я" * 2000) is None  # six letters each, as it is sent
    assert own_path("/\ud800") == "/\ud800"  # is judged elsewhere, and is no fault here
    answer = browser_of(app).post("/language", data={"language": "en", "next": f"/{HUGE}"})
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_way_to_the_log_in_forgets_a_page_that_is_too_long(app: Flask) -> None:
    web = browser_of(app)
    assert web.get("/clients/?search=tea").location == "/login?next=/clients/?search%3Dtea"
    assert web.get(f"/clients/?search={'%25' * 2500}").location == "/login"
    assert web.get(f"/mailings/?search={'x' * 9000}").location == "/mailings"
