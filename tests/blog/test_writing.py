"""Users write, managers decide, authors are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from mailer.blog import images, upkeep
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import Role, User
from tests.auth.conftest import composed, text_of
from tests.conftest import Browser, browser_of
from tests.factories import make_user, save
from tests.narrowing import one

MakePost = Callable[..., BlogPost]


def fields(**values: Any) -> dict[str, Any]:
    return {"title": "Мой опыт", "content": "**Words.**", "language": "ru", "do": "submit"} | values


def the_post() -> BlogPost:
    db.session.expire_all()
    return db.session.scalars(select(BlogPost)).one()


def decide(browser: Browser, verb: str, version: int | None = None, **values: Any) -> int:
    post = the_post()
    data = {"version": post.version if version is None else version} | values
    return browser.post(f"/review/{post.id}/{verb}", data=data).status_code


def test_a_draft_is_its_authors_alone(as_owner: Browser, as_stranger: Browser, owner: User) -> None:
    answer = as_owner.post("/articles/new", data=fields(do="draft"))
    post = the_post()
    assert (answer.status_code, answer.location) == (303, f"/articles/{post.id}")
    assert (post.author_id, post.status, post.published_at) == (owner.id, PostStatus.DRAFT, None)
    assert "<strong>Words.</strong>" in as_owner.get(answer.location).text
    assert as_stranger.get(answer.location).status_code == 404
    assert as_stranger.get(f"{answer.location}/edit").status_code == 404
    assert as_owner.get(f"/blog/{post.slug}").status_code == 404


def test_a_manager_approves_and_the_author_is_told(
    as_owner: Browser, as_manager: Browser, owner: User, manager: User
) -> None:
    owner.language = "en"
    db.session.commit()
    as_owner.post("/articles/new", data=fields(title="On <b>mailings</b>"))
    assert the_post().status is PostStatus.AWAITING
    assert "/review/1" in as_manager.get("/review").text
    assert decide(as_manager, "approve") == 303

    post = the_post()
    assert (post.status, post.decided_by_id, post.is_public) == (PostStatus.PUBLISHED, manager.id, True)
    assert as_owner.get(f"/blog/{post.slug}").status_code == 200
    email = db.session.scalars(select(AccountEmail)).one()
    mail = composed(email)
    assert mail["To"] == owner.email
    assert f"http://golub.test/blog/{post.slug}" in text_of(mail)
    assert "<b>mailings</b>" in text_of(mail)
    assert "On &lt;b&gt;mailings&lt;/b&gt;" in text_of(mail, "html")


def test_a_manager_gives_it_back_with_a_reason_that_the_author_sees(
    as_owner: Browser, as_manager: Browser, owner: User
) -> None:
    as_owner.post("/articles/new", data=fields())
    assert decide(as_manager, "reject", reason="  ") == 422
    assert the_post().status is PostStatus.AWAITING
    assert decide(as_manager, "reject", reason="Where are the figures?") == 303
    post = the_post()
    assert post.status is PostStatus.REJECTED
    for page in ("/articles", f"/articles/{post.id}", f"/articles/{post.id}/edit"):
        assert "Where are the figures?" in as_owner.get(page).text
    assert "Where are the figures?" in text_of(composed(db.session.scalars(select(AccountEmail)).one()))
    assert as_owner.get(f"/blog/{post.slug}").status_code == 404

    as_owner.post(f"/articles/{post.id}/edit", data=fields(version=post.version))
    assert the_post().status is PostStatus.AWAITING


def test_a_decision_is_about_the_version_that_was_looked_at(as_owner: Browser, as_manager: Browser) -> None:
    as_owner.post("/articles/new", data=fields())
    seen = the_post().version
    as_owner.post(f"/articles/{the_post().id}/edit", data=fields(content="Spam.", version=seen))
    assert decide(as_manager, "approve", version=seen) == 409
    assert the_post().status is PostStatus.AWAITING
    assert decide(as_manager, "approve") == 303
    assert decide(as_manager, "reject", reason="Too late") == 303
    assert the_post().status is PostStatus.PUBLISHED


def test_nobody_but_its_author_sees_or_publishes_a_draft_that_was_never_submitted(
    app: Flask, as_owner: Browser, as_manager: Browser
) -> None:
    as_owner.post("/articles/new", data=fields(content="Half a sentence", do="draft"))
    post = the_post()
    editor = browser_of(app).login(make_user(role=Role.EDITOR))
    for browser in (as_manager, editor):
        for path in (f"/articles/{post.id}", f"/review/{post.id}", f"/articles/{post.id}/edit"):
            assert browser.get(path).status_code == 404, path
    for path in ("", f"details/?id={post.id}", f"edit/?id={post.id}", f"preview/?id={post.id}"):
        assert "Мой опыт" not in editor.get(f"/admin/posts/{path}").text, path
    editor.post("/admin/posts/action/", data={"action": "publish", "rowid": [str(post.id)]})
    editor.post(f"/admin/posts/edit/?id={post.id}", data=fields(status="published", version=post.version))
    assert (the_post().status, the_post().content) == (PostStatus.DRAFT, "Half a sentence")
    as_owner.post(f"/articles/{post.id}/edit", data=fields(version=the_post().version))
    assert editor.get(f"/articles/{post.id}").status_code == 200
    as_owner.post(f"/articles/{post.id}/take-back")
    assert editor.get(f"/articles/{post.id}").status_code == 404


def test_a_published_article_stays_as_it_was_approved_until_the_change_is(
    as_owner: Browser, as_manager: Browser, web: Browser, owner: User, make_post: MakePost
) -> None:
    post = make_post(author_id=owner.id, title="Before", content="Approved words.")
    published_at, address = post.published_at, f"/blog/{post.slug}"
    typed = fields(title="After", content="New words.", tags="spring", version=post.version)
    as_owner.post(f"/articles/{post.id}/edit", data=typed)
    page = web.get(address)
    assert page.status_code == 200 and "Approved words." in page.text and "New words." not in page.text
    assert "Before" in web.get("/blog").text and "After" not in web.get("/blog/feed.xml").text
    assert "New words." in as_owner.get(f"/articles/{post.id}").text
    assert "New words." in as_owner.get(f"/articles/{post.id}/edit").text
    assert "After" in as_manager.get("/review").text
    assert "New words." in as_manager.get(f"/review/{post.id}").text
    assert decide(as_manager, "approve") == 303
    text = web.get(address).text
    assert "New words." in text and "After" in text
    kept = the_post()
    assert (kept.published_at, kept.change, kept.status) == (published_at, None, PostStatus.PUBLISHED)


def test_a_change_given_back_leaves_the_approved_version(
    as_owner: Browser, as_manager: Browser, web: Browser, owner: User, make_post: MakePost
) -> None:
    post = make_post(author_id=owner.id, content="Approved words.")
    as_owner.post(f"/articles/{post.id}/edit", data=fields(content="New words.", version=post.version))
    assert decide(as_manager, "reject", reason="Слишком резко") == 303
    assert "Approved words." in web.get(f"/blog/{post.slug}").text
    page = as_owner.get(f"/articles/{post.id}").text
    assert "Слишком резко" in page and "New words." in page
    assert as_owner.post(f"/articles/{post.id}/drop-change").status_code == 303
    assert "Approved words." in as_owner.get(f"/articles/{post.id}").text and the_post().change is None


def test_a_change_kept_as_a_draft_waits_for_nobody(
    as_owner: Browser, as_manager: Browser, web: Browser, owner: User, make_post: MakePost
) -> None:
    post = make_post(author_id=owner.id, content="Approved words.")
    typed = fields(content="Half a sentence", version=post.version)
    as_owner.post(f"/articles/{post.id}/edit", data=typed | {"do": "draft"})
    assert f'data-post="{post.id}"' not in as_manager.get("/review").text
    assert decide(as_manager, "approve") == 303
    assert "Approved words." in web.get(f"/blog/{post.slug}").text, "what was not submitted is not published"
    as_owner.post(f"/articles/{post.id}/edit", data=typed | {"do": "submit", "version": the_post().version})
    assert as_owner.post(f"/articles/{post.id}/take-back").status_code == 303
    assert the_post().change_status is PostStatus.DRAFT and the_post().status is PostStatus.PUBLISHED


def test_the_pictures_of_a_change_live_as_long_as_it_does(as_owner: Browser, owner: User, make_post: MakePost) -> None:
    post = make_post(author_id=owner.id)
    typed = fields(version=post.version) | {"picture": (picture(), "a.jpg")}
    as_owner.post(f"/articles/{post.id}/edit", data=typed, content_type="multipart/form-data")
    name = one(the_post().change)["image_file"]
    upkeep.forget_old_articles(utcnow() + timedelta(days=3))
    assert images.find(name) is not None
    as_owner.post(f"/articles/{post.id}/drop-change")
    assert images.find(name) is None


def test_two_tabs_do_not_overwrite_each_other(as_owner: Browser) -> None:
    as_owner.post("/articles/new", data=fields())
    edit, version = f"/articles/{the_post().id}/edit", the_post().version
    as_owner.post(edit, data=fields(content="First.", version=version))
    answer = as_owner.post(edit, data=fields(content="Second.", version=version))
    assert answer.status_code == 409
    assert "Second." in answer.text
    assert the_post().content == "First."


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"content": ""}, {"title": "x" * 201}, {"content": "a\0b"}, {"language": "xx"},
     {"tags": "a,b,c,d,e,f"}, {"tags": "x" * 51}, {"picture": (BytesIO(b"no picture"), "a.png")}],
)  # fmt: skip
def test_a_wrong_form_comes_back_with_what_was_typed(as_owner: Browser, wrong: dict[str, Any]) -> None:
    answer = as_owner.post("/articles/new", data=fields(image_alt="Remember me.") | wrong)
    assert answer.status_code == 422
    assert "Remember me." in answer.text
    assert db.session.scalars(select(BlogPost)).all() == []


def test_what_is_not_on_the_form_cannot_be_set(as_owner: Browser, owner: User, stranger: User) -> None:
    forged = {
        "status": "published",
        "author_id": stranger.id,
        "view_count": 9,
        "slug": "mine",
        "published_at": "2020-01-01T00:00",
    }
    as_owner.post("/articles/new", data=fields(do="draft") | forged)
    post = the_post()
    assert (post.status, post.author_id, post.view_count, post.slug) == (PostStatus.DRAFT, owner.id, 0, "moy-opyt")
    assert post.published_at is None


def test_taking_back_deleting_and_undoing(as_owner: Browser, owner: User, make_post: MakePost) -> None:
    post = make_post(author_id=owner.id)
    as_owner.post(f"/articles/{post.id}/delete")
    assert as_owner.get(f"/blog/{post.slug}").status_code == 404
    assert as_owner.get(f"/articles/{post.id}").status_code == 404
    as_owner.post(f"/articles/{post.id}/restore")
    assert as_owner.get(f"/blog/{post.slug}").status_code == 200
    as_owner.post(f"/articles/{post.id}/take-back")
    assert the_post().status is PostStatus.DRAFT


@pytest.mark.parametrize("verb", ["edit", "take-back", "delete", "restore"])
def test_nobody_changes_anothers_article(
    app: Flask, as_stranger: Browser, as_manager: Browser, owner: User, make_post: MakePost, verb: str
) -> None:
    post = make_post(author_id=owner.id)
    as_editor = browser_of(app).login(make_user(role=Role.EDITOR))
    forbidden = 404 if verb == "restore" else 403  # nothing is deleted, so nothing is seen
    for browser, expected in ((as_stranger, 404), (as_manager, forbidden), (as_editor, forbidden)):
        assert browser.post(f"/articles/{post.id}/{verb}", data=fields()).status_code == expected
    assert the_post().status is PostStatus.PUBLISHED


def test_the_preview_shows_what_readers_would_see(as_owner: Browser) -> None:
    answer = as_owner.post("/articles/preview", data={"content": "## A\n\n<script>alert(1)</script>"})
    assert "<h2>A</h2>" in answer.text
    assert "<script>" not in answer.text


def picture() -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (1600, 800), "#3a5bc7").save(out, "JPEG")
    out.seek(0)
    return out


def test_a_picture_can_be_put_into_the_text(app: Flask, as_owner: Browser) -> None:
    answer = as_owner.post("/articles/pictures", data={"picture": (picture(), "a.jpg")})
    assert answer.status_code == 201
    address = one(answer.json)["address"]
    assert as_owner.get(address).mimetype == "image/webp"
    for size, kind in (("-400.webp", (400, 200)), ("-800.webp", (800, 400)), ("-og.jpg", (1200, 630))):
        with Image.open(BytesIO(as_owner.get(address.replace(".webp", size)).data)) as image:
            assert image.size == kind
    assert as_owner.get(address.replace(".webp", "-1000.webp")).status_code == 404
    refused = as_owner.post("/articles/pictures", data={"picture": (BytesIO(b"<svg/>"), "a.svg")})
    assert refused.status_code == 422
    assert one(refused.json)["error"]


def test_pictures_in_no_article_are_thrown_away(app: Flask, make_post: MakePost) -> None:
    data = images.encode(picture())
    cover, inside, orphan = (images.store(data) for _one in range(3))
    make_post(image_file=cover, content=f"![x](/media/blog/{inside})")
    upkeep.forget_old_articles(utcnow() + timedelta(days=3))
    assert {path.name for path in images.folder().glob("*.webp")} >= {cover, inside}
    assert not (images.folder() / orphan).exists()


def test_the_author_of_an_article_is_not_told_when_blocked(as_manager: Browser, make_post: MakePost) -> None:
    author = make_user(blocked_at=utcnow(), block_reason="spam")
    make_post(status=PostStatus.AWAITING, author_id=author.id)
    assert decide(as_manager, "approve") == 303
    assert db.session.scalars(select(AccountEmail)).all() == []


def test_tags_are_kept_once_each(as_owner: Browser) -> None:
    as_owner.post("/articles/new", data=fields(tags=" почта,  Почта , два   слова,,"))
    assert the_post().tags == ["Почта", "два слова"]
    page = as_owner.get(f"/articles/{the_post().id}/edit").text
    assert re.search(r'name="tags"[^>]*value="Почта, два слова"', page)


def test_a_signed_out_form_gets_nowhere(web: Browser, app: Flask) -> None:
    save(BlogPost(title="T", slug="t", content="W"))
    assert web.post("/articles/new", data=fields()).status_code == 401
    assert web.get("/articles").location.startswith("/login")
