"""The blog as feed readers, search engines and other sites see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest

from mailer.blog import images
from mailer.blog.readership import is_person
from mailer.blog.upkeep import flush_views
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User
from tests.blog.test_writing import picture
from tests.conftest import Browser
from tests.factories import make_user

MakePost = Callable[..., BlogPost]
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_the_feed_is_rss_with_the_newest_articles(web: Browser, make_post: MakePost) -> None:
    author = make_user(name="Анна <b>")
    older = make_post("Старая & новая", published_at=utcnow() - timedelta(days=2), tags=["почта"], author_id=author.id)
    newer = make_post("Newer\x0b", content="First words.\n\nMore.")
    make_post(status=PostStatus.DRAFT)
    answer = web.get("/blog/feed.xml")
    assert answer.mimetype == "application/rss+xml"
    channel = ET.fromstring(answer.data).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description", "language"))
    items = channel.findall("item")
    assert [item.findtext("link") for item in items] == [f"http://golub.test/blog/{p.slug}" for p in (newer, older)]
    assert items[0].findtext("description") == "First words."
    assert items[1].findtext("title") == "Старая & новая"
    assert items[1].findtext("{http://purl.org/dc/elements/1.1/}creator") == "Анна <b>"
    assert older.published_at
    assert parsedate_to_datetime(items[1].findtext("pubDate") or "") == older.published_at.replace(microsecond=0)
    assert web.get("/blog/feed.xml", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert "Set-Cookie" not in answer.headers


def test_the_map_names_every_public_page_and_robots_know_of_it(web: Browser, make_post: MakePost) -> None:
    post = make_post()
    make_post(status=PostStatus.AWAITING)
    urls = ET.fromstring(web.get("/sitemap.xml").data)
    addresses = [url.findtext(f"{MAP}loc") for url in urls]
    assert f"http://golub.test/blog/{post.slug}" in addresses
    assert len([address for address in addresses if "/blog/" in str(address)]) == 1
    for address in addresses:
        assert web.get(str(address).removeprefix("http://golub.test")).status_code == 200
    assert "Sitemap: http://golub.test/sitemap.xml" in web.get("/robots.txt").text


def test_other_sites_learn_title_words_and_picture(web: Browser, make_post: MakePost) -> None:
    name = images.store(images.encode(picture()))
    post = make_post("“Quoted”", image_file=name, content="First words.")
    page = web.get(f"/blog/{post.slug}").text
    found = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', page))
    assert (found["og:title"], found["og:type"], found["og:description"]) == ("“Quoted”", "article", "First words.")
    assert found["og:url"] == f"http://golub.test/blog/{post.slug}"
    card = web.get(found["og:image"].removeprefix("http://golub.test"))
    assert (card.status_code, card.mimetype) == (200, "image/jpeg")
    for path in ("/", "/blog"):
        image = re.search(r'og:image" content="http://golub.test([^"]+)"', web.get(path).text)
        assert image
        assert web.get(image[1]).status_code == 200


def test_search_and_tags_narrow_the_list(web: Browser, make_post: MakePost) -> None:
    tea, mail = make_post("About tea", tags=["чай"]), make_post("About 100%", content="mail", tags=["почта", "чай"])

    def slugs(query: str) -> list[str]:
        return re.findall(r'data-post="([\w-]+)"', web.get(f"/blog{query}").text)

    assert slugs("?q=TEA") == [tea.slug]
    assert slugs("?q=100%25") == [mail.slug]
    assert slugs("?q=%25%25") == []
    assert slugs("?tag=почта") == [mail.slug]
    assert set(slugs("?tag=чай")) == {tea.slug, mail.slug}
    assert "empty-state" in web.get("/blog?q=nothing").text


def views_after(web: Browser, post: BlogPost, agent: str, **headers: str) -> int:
    web.get(f"/blog/{post.slug}", headers={"User-Agent": agent, **headers})
    flush_views()
    db.session.refresh(post)
    return post.view_count


@pytest.mark.parametrize(
    "agent", ["Googlebot/2.1", "curl/8.0", "TelegramBot (like TwitterBot)", "python-requests/2", "", "HeadlessChrome"]
)
def test_programs_are_no_readers(web: Browser, make_post: MakePost, agent: str) -> None:
    assert views_after(web, make_post(), agent) == 0


def test_pages_fetched_in_advance_and_the_authors_own_looks_do_not_count(
    web: Browser, as_owner: Browser, as_manager: Browser, owner: User, make_post: MakePost
) -> None:
    post = make_post(author_id=owner.id)
    assert views_after(web, post, "Firefox", **{"Sec-Purpose": "prefetch"}) == 0
    assert views_after(as_owner, post, "Firefox") == 0
    assert views_after(as_manager, post, "Firefox") == 0
    assert views_after(web, post, "Firefox") == 1


def test_one_address_counts_for_a_few_readers_only(web: Browser, make_post: MakePost) -> None:
    post = make_post()
    for number in range(30):
        count = views_after(web, post, f"Firefox/{number}")
    assert count == 10


def test_a_usual_browser_is_a_person() -> None:
    assert is_person(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    )
