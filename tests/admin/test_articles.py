from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from mailer import pictures
from mailer.blog import images, upkeep
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import save


def picture(kind: str = "JPEG", size: tuple[int, int] = (2400, 1200), **options: Any) -> BytesIO:
    out = BytesIO()
    Image.new("RGB", size, "#3a5bc7").save(out, kind, **options)
    out.seek(0)
    return out


def fields(**values: Any) -> dict[str, Any]:
    """What an editor sends; the version is that of the one article there is, as the form would carry it."""
    version = db.session.scalar(select(BlogPost.version).limit(1)) or ""
    common = {"title": "Чай и письма", "content": "Words.", "slug": "", "status": "draft", "language": "ru"}
    return common | {"version": version} | values


def the_post() -> BlogPost:
    db.session.expire_all()
    return db.session.scalars(select(BlogPost)).one()


def test_an_editor_writes_a_draft(as_editor: Browser, editor: User) -> None:
    assert as_editor.post("/admin/posts/new/", data=fields()).status_code == 302
    post = the_post()
    assert (post.title, post.slug, post.status) == ("Чай и письма", "chay-i-pisma", PostStatus.DRAFT)
    assert (post.author_id, post.published_at, post.view_count) == (editor.id, None, 0)


def test_the_same_title_gets_another_address(as_editor: Browser) -> None:
    for _time in range(2):
        as_editor.post("/admin/posts/new/", data=fields())
    slugs = db.session.scalars(select(BlogPost.slug).order_by(BlogPost.id)).all()
    assert slugs == ["chay-i-pisma", "chay-i-pisma-2"]


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"title": "x" * 201}, {"content": ""}, {"slug": "No Spaces"}, {"slug": "taken"}, {"status": "x"}],
)
def test_a_wrong_form_comes_back_with_what_was_typed(as_editor: Browser, wrong: dict[str, str]) -> None:
    save(BlogPost(title="Other", slug="taken", content="Words."))
    answer = as_editor.post("/admin/posts/new/", data=fields(content="Remember me.") | wrong)
    assert answer.status_code == 422
    assert "content" in wrong or "Remember me." in answer.text
    assert the_post().slug == "taken"


def test_fields_that_are_not_on_the_form_are_left_alone(as_editor: Browser, stranger: User) -> None:
    as_editor.post("/admin/posts/new/", data=fields(view_count="99", author_id=str(stranger.id), id="77"))
    post = the_post()
    assert (post.view_count, post.id == 77, post.author_id == stranger.id) == (0, False, False)


def test_publishing_dates_the_article_once(as_editor: Browser) -> None:
    as_editor.post("/admin/posts/new/", data=fields(status="published"))
    published_at = the_post().published_at
    assert published_at is not None
    edit = f"/admin/posts/edit/?id={the_post().id}"
    as_editor.post(edit, data=fields(status="draft", slug="chay"))
    assert as_editor.get("/blog/chay").status_code == 404
    as_editor.post(edit, data=fields(status="published", slug="chay"))
    assert as_editor.get("/blog/chay").status_code == 200
    assert the_post().published_at == published_at


def test_actions_publish_and_withdraw_those_chosen(as_editor: Browser) -> None:
    posts = [save(BlogPost(title=f"T{n}", slug=f"t{n}", content="Words.")) for n in range(3)]
    chosen = [str(posts[0].id), str(posts[2].id), "nonsense"]

    def states() -> list[str]:
        db.session.expire_all()
        return [post.status.value for post in posts]

    as_editor.post("/admin/posts/action/", data={"action": "publish", "rowid": chosen})
    assert states() == ["published", "draft", "published"]
    as_editor.post("/admin/posts/action/", data={"action": "withdraw", "rowid": chosen[:1]})
    assert states() == ["draft", "draft", "published"]
    as_editor.post("/admin/posts/action/", data={"action": "delete", "rowid": chosen})
    assert states() == ["draft", "draft", "published"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_drawn_anew_without_metadata(app: Flask, as_editor: Browser, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    upload = (picture(kind, exif=exif), "../../evil.php")
    assert as_editor.post("/admin/posts/new/", data=fields(picture=upload)).status_code == 302

    name = the_post().image_file
    assert name is not None
    assert images.NAME.fullmatch(name)
    stored = (images.folder() / name).read_bytes()
    assert b"a secret place" not in stored
    with Image.open(BytesIO(stored)) as image:
        assert (image.format, image.size) == ("WEBP", (1600, 800))


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\1\0\1\0", b"\x89PNG\r\n\x1a\n cut off", b"<?php ?>"],
)
def test_what_is_no_picture_is_refused(as_editor: Browser, content: bytes) -> None:
    answer = as_editor.post("/admin/posts/new/", data=fields(picture=(BytesIO(content), "x.png")))
    assert answer.status_code == 422
    assert db.session.scalars(select(BlogPost)).all() == []


def test_too_many_pixels_or_bytes_are_refused(as_editor: Browser) -> None:
    for huge in (picture("PNG", (6000, 5000)), BytesIO(b"\xff" * (pictures.MAX_BYTES + 1))):
        answer = as_editor.post("/admin/posts/new/", data=fields(picture=(huge, "x.png")))
        assert answer.status_code == 422


def test_a_replaced_picture_goes_at_once_and_that_of_a_deleted_article_after_a_month(
    app: Flask, as_editor: Browser
) -> None:
    as_editor.post("/admin/posts/new/", data=fields(picture=(picture(), "a.jpg")))
    post, first = the_post(), the_post().image_file
    as_editor.post(f"/admin/posts/edit/?id={post.id}", data=fields(slug="x"))
    assert the_post().image_file == first
    as_editor.post(f"/admin/posts/edit/?id={post.id}", data=fields(slug="x", picture=(picture(), "b.jpg")))
    second = the_post().image_file
    assert second != first
    assert not (images.folder() / str(first)).exists()
    as_editor.post("/admin/posts/delete/", data={"id": post.id})
    assert as_editor.get(f"/admin/posts/preview/?id={post.id}").status_code == 404
    assert (images.folder() / str(second)).exists()

    assert upkeep.forget_old_articles(utcnow() + timedelta(days=31)) == 1
    assert not (images.folder() / str(second)).exists()


def test_a_deletion_can_be_undone(as_editor: Browser) -> None:
    as_editor.post("/admin/posts/new/", data=fields(status="published"))
    as_editor.post("/admin/posts/delete/", data={"id": the_post().id})
    assert as_editor.get("/blog/chay-i-pisma").status_code == 404
    as_editor.post(f"/admin/posts/restore/?id={the_post().id}")
    assert as_editor.get("/blog/chay-i-pisma").status_code == 200


def test_the_list_is_searched_sorted_and_paged(as_editor: Browser) -> None:
    for number in range(27):
        save(BlogPost(title=f"Tea {number:02}", slug=f"tea-{number}", content="Words.", view_count=number))

    def ids(query: str) -> list[int]:
        return [int(id_) for id_ in re.findall(r'<tr data-post="(\d+)"', as_editor.get(f"/admin/posts/{query}").text)]

    assert ids("") == list(range(27, 2, -1))
    assert ids("?page=1") == [2, 1]
    assert ids("?search=Tea+07") == [8]
    assert ids("?sort=2")[:2] == [1, 2]
    assert ids("?search=%25%25%25zzz") == []


def test_a_draft_can_be_previewed_by_editors(as_editor: Browser) -> None:
    post = save(BlogPost(title="Draft", slug="draft", content="**bold**", published_at=utcnow()))
    assert "<strong>bold</strong>" in as_editor.get(f"/admin/posts/preview/?id={post.id}").text
    assert as_editor.get("/admin/posts/preview/?id=99").status_code == 404


def test_a_date_ahead_schedules_the_article(web: Browser, as_editor: Browser, editor: User) -> None:
    editor.timezone = "Asia/Tokyo"
    db.session.commit()
    moment = utcnow() + timedelta(days=2)
    typed = moment.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
    as_editor.post("/admin/posts/new/", data=fields(status="published", published_at=typed))
    post = the_post()
    assert post.published_at == moment.replace(second=0, microsecond=0)
    assert post.is_scheduled
    assert typed in as_editor.get(f"/admin/posts/edit/?id={post.id}").text
    assert web.get(f"/blog/{post.slug}").status_code == 404
    assert post.slug not in web.get("/blog").text + web.get("/sitemap.xml").text + web.get("/blog/feed.xml").text

    post.published_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    assert web.get(f"/blog/{post.slug}").status_code == 200


def test_a_former_address_leads_to_the_present_one(as_editor: Browser) -> None:
    as_editor.post("/admin/posts/new/", data=fields(status="published", slug="old"))
    edit = f"/admin/posts/edit/?id={the_post().id}"
    as_editor.post(edit, data=fields(status="published", slug="new"))
    answer = as_editor.get("/blog/old")
    assert (answer.status_code, answer.location) == (301, "/blog/new")
    taken = as_editor.post("/admin/posts/new/", data=fields(slug="old"))
    assert taken.status_code == 422
    as_editor.post(edit, data=fields(status="draft", slug="new"))
    assert as_editor.get("/blog/old").status_code == 404


def test_somebody_elses_change_is_not_overwritten(as_editor: Browser) -> None:
    as_editor.post("/admin/posts/new/", data=fields())
    edit, stale = f"/admin/posts/edit/?id={the_post().id}", fields(content="Mine.")
    as_editor.post(edit, data=fields(content="Theirs."))
    answer = as_editor.post(edit, data=stale)
    assert answer.status_code == 422
    assert "Mine." in answer.text
    assert the_post().content == "Theirs."
    version = re.search(r'name="version" type="hidden" value="(\d+)"', answer.text)
    assert version
    as_editor.post(edit, data=stale | {"version": version[1]})
    assert the_post().content == "Mine."


def test_the_list_is_filtered_by_state(as_editor: Browser) -> None:
    save(BlogPost(title="D", slug="d", content="Words."))
    save(BlogPost(title="P", slug="p", content="W", status=PostStatus.PUBLISHED, published_at=utcnow()))
    ahead = utcnow() + timedelta(days=1)
    save(BlogPost(title="S", slug="s", content="W", status=PostStatus.PUBLISHED, published_at=ahead))
    for state, expected in (("draft", ["1"]), ("published", ["2"]), ("scheduled", ["3"]), ("", ["3", "2", "1"])):
        page = as_editor.get(f"/admin/posts/?status={state}").text
        assert re.findall(r'<tr data-post="(\d+)"', page) == expected


def test_publishing_what_a_user_sent_tells_the_user(as_editor: Browser, stranger: User) -> None:
    save(BlogPost(title="T", slug="t", content="W", status=PostStatus.AWAITING, author_id=stranger.id))
    as_editor.post("/admin/posts/action/", data={"action": "publish", "rowid": ["1"]})
    email = db.session.scalars(select(AccountEmail)).one()
    assert (email.template, email.to_email) == ("article-approved", stranger.email)
