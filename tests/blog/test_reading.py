from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image

from mailer.blog import images
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from tests.conftest import Browser

MakePost = Callable[..., BlogPost]


def test_the_list_shows_published_articles_newest_first_nine_a_page(web: Browser, make_post: MakePost) -> None:
    slugs = [make_post(published_at=utcnow() - timedelta(days=age)).slug for age in range(11)]
    make_post(status=PostStatus.DRAFT)
    for page, expected in ((1, slugs[:9]), (2, slugs[9:])):
        assert re.findall(r'data-post="([\w-]+)"', web.get(f"/blog?page={page}").text) == expected


@pytest.mark.parametrize("page", ["0", "-1", "2", "99999999999999999999"])
def test_a_page_that_does_not_exist_is_not_found(web: Browser, make_post: MakePost, page: str) -> None:
    make_post()
    assert web.get(f"/blog?page={page}").status_code == 404


def test_an_empty_blog_says_so(web: Browser) -> None:
    assert "empty-state" in web.get("/blog").text


@pytest.mark.parametrize("status", [PostStatus.DRAFT, PostStatus.AWAITING, PostStatus.REJECTED])
def test_only_published_articles_can_be_read(web: Browser, make_post: MakePost, status: PostStatus) -> None:
    assert web.get(f"/blog/{make_post().slug}").status_code == 200
    assert web.get(f"/blog/{make_post(status=status).slug}").status_code == 404


def test_markdown_becomes_html_that_can_do_nothing(web: Browser, make_post: MakePost) -> None:
    post = make_post(
        content="# Heading\n\n**bold** <script>alert(1)</script> [a](javascript:alert(1)) [b](https://example.test)\n\n"
        "![x](https://elsewhere.test/p.png) ![y](/media/blog/y.webp)\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    page = web.get(f"/blog/{post.slug}").text
    body = page[page.index('<div class="prose"') :]
    assert "<h2>Heading</h2>" in body
    assert "<strong>bold</strong>" in body
    assert "<td>1</td>" in body
    assert 'href="https://example.test" rel="noopener noreferrer nofollow"' in body
    for evil in ("<script>alert", 'href="javascript:', "elsewhere.test/p.png"):
        assert evil not in body
    assert page.count("<h1") == 1


def test_a_browser_asks_whether_the_article_changed(web: Browser, make_post: MakePost) -> None:
    post = make_post(updated_at=utcnow() - timedelta(hours=1))
    first = web.get(f"/blog/{post.slug}")
    assert first.last_modified == post.updated_at.replace(microsecond=0)
    assert web.get(f"/blog/{post.slug}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304

    post.content, post.updated_at = "Other words.", utcnow()
    db.session.commit()
    changed = web.get(f"/blog/{post.slug}", headers={"If-None-Match": first.headers["ETag"]})
    assert "Other words." in changed.text


def test_pictures_are_kept_for_ever(app: Flask, web: Browser) -> None:
    name = images.store(images.to_webp(Image.new("RGB", (8, 8))))
    answer = web.get(f"/media/blog/{name}")
    assert answer.mimetype == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["..%2f..%2faccounts.json", "x.webp", "0" * 32 + ".html", "0" * 32 + ".webp"])
def test_nothing_else_is_served_as_a_picture(web: Browser, name: str) -> None:
    assert web.get(f"/media/blog/{name}").status_code == 404
