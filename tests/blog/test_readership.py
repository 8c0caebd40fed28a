from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis

from mailer.blog import readership
from mailer.blog.upkeep import flush_views
from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from tests.conftest import Browser, Servers

MakePost = Callable[..., BlogPost]


def views_of(post: BlogPost) -> int:
    db.session.refresh(post)
    return post.view_count


def test_a_reader_counts_once_a_day(web: Browser, make_post: MakePost) -> None:
    post, other = make_post(), make_post()
    for agent in ("A", "B", "A"):
        web.get(f"/blog/{post.slug}", headers={"User-Agent": agent})
    web.get(f"/blog/{other.slug}", headers={"User-Agent": "A"})
    web.head(f"/blog/{other.slug}", headers={"User-Agent": "B"})
    assert views_of(post) == 0

    assert flush_views() == 3
    assert (views_of(post), views_of(other)) == (2, 1)
    assert flush_views() == 0


def test_reading_is_not_a_change_of_the_article(web: Browser, make_post: MakePost) -> None:
    post = make_post()
    before = post.updated_at
    web.get(f"/blog/{post.slug}")
    flush_views()
    assert views_of(post) == 1
    assert post.updated_at == before


def test_no_address_is_kept(web: Browser, make_post: MakePost, servers: Servers) -> None:
    web.get(f"/blog/{make_post().slug}", headers={"User-Agent": "A"})
    redis = Redis.from_url(servers.redis_url)
    seen = min(redis.keys("blog:seen:*"))  # the other says how many readers an address had
    assert not any(b"127.0.0.1" in mark for mark in redis.smembers(seen))
    assert 0 < redis.ttl(seen) <= readership.SEEN_SECONDS


def test_views_taken_by_a_writer_that_died_are_written_by_the_next(
    app: Flask, web: Browser, make_post: MakePost, servers: Servers
) -> None:
    post = make_post()
    web.get(f"/blog/{post.slug}", headers={"User-Agent": "A"})
    readership.take(Redis.from_url(servers.redis_url))
    web.get(f"/blog/{post.slug}", headers={"User-Agent": "B"})
    assert (flush_views(), flush_views()) == (1, 1)
    assert views_of(post) == 2


def test_without_redis_articles_are_read_uncounted(
    app: Flask, web: Browser, make_post: MakePost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    assert web.get(f"/blog/{make_post().slug}").status_code == 200
    assert flush_views() == 0
