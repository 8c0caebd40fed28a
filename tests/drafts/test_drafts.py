"""Messages, mailings and articles keep drafts: by themselves and by a button, finished or not."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from mailer.models.draft import Draft
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from tests.conftest import Browser
from tests.drafts.test_kept_forms import hidden
from tests.factories import make_mailing, make_message
from tests.narrowing import one

UNFINISHED = {"subject": "", "name": "Осень", "text_body": "Привет, {{ имяя }}", "html_body": "<p>"}


def autosave(web: Browser, path: str, **typed: str) -> TestResponse:
    return web.post("/drafts", data=hidden(web.get(path).text) | typed | {"draft_path": path})


def test_what_is_typed_is_kept_and_its_moment_told(as_owner: Browser, owner: User) -> None:
    answer = autosave(as_owner, "/messages/new", **UNFINISHED)
    assert answer.status_code == 200
    assert re.search(r"\d\d:\d\d", one(answer.json)["saved"])
    assert db.session.query(Message).count() == 0
    listed = as_owner.get("/messages").text
    address = re.search(r'href="(/messages/new\?kept=\d+)"', listed)[1]  # type: ignore[index]
    page = as_owner.get(address)
    assert page.status_code == 200 and "{{ имяя }}" in page.text and "Осень" in page.text
    remark = page.text.split('id="text_body-error"')[-1].split("</div>")[0]
    assert "Вы имели в виду {{ имя }}?" in remark, "the misspelt placeholder is remarked on"


def test_the_same_form_is_one_draft_and_saving_ends_it(as_owner: Browser) -> None:
    page = as_owner.get("/messages/new").text
    for word in ("a", "ab", "abc"):
        as_owner.post("/drafts", data=hidden(page) | UNFINISHED | {"name": word, "draft_path": "/messages/new"})
    assert [draft.title for draft in db.session.query(Draft)] == ["abc"]
    done = hidden(page) | {"subject": "Готово", "text_body": "Привет", "html_body": ""}
    assert as_owner.post("/messages/new", data=done).status_code == 303
    assert db.session.query(Draft).count() == 0 and db.session.query(Message).count() == 1


def test_a_button_keeps_it_without_a_script(as_owner: Browser) -> None:
    typed = hidden(as_owner.get("/messages/new").text) | UNFINISHED | {"draft": "1"}
    answer = as_owner.post("/messages/new", data=typed)
    page = as_owner.get(answer.location).text
    assert answer.status_code == 303 and "{{ имяя }}" in page
    again = as_owner.post(answer.location, data=typed | hidden(page) | {"name": "Зима"})
    assert again.location == answer.location and db.session.query(Draft).count() == 1
    assert db.session.query(Draft).one().title == "Зима"


@pytest.mark.parametrize(
    ("name", "value"),
    [("period", "{{"), ("late_limit", "{{"), ("monthly_on", "x"), ("holiday_rule", "x"), ("timezone", "Nowhere/Else"),
     ("every", "9" * 4000), ("holiday_country", "??"), ("also_at", "x"), ("window_opens", "25:61")],
)  # fmt: skip
def test_a_draft_of_a_mailing_opens_whatever_is_chosen_in_it(as_owner: Browser, name: str, value: str) -> None:
    whole = {"name": "Осень", "starts_at": "2030-01-01T10:00", "period": "monthly", "every": "1"}
    autosave(as_owner, "/mailings/new", **(whole | {"holiday_country": "RU", name: value}))
    page = as_owner.get(f"/mailings/new?kept={db.session.query(Draft).one().id}")
    assert page.status_code == 200 and "Осень" in page.text


Kept = type[Message] | type[Mailing] | type[BlogPost]


def versions_of(model: Kept) -> list[tuple[int, int]]:
    return list(db.session.execute(select(model.id, model.version)).tuples().all())


@pytest.mark.parametrize(
    ("path", "typed", "model"),
    [
        ("/messages/1/edit", {"subject": "Другая тема"}, Message),
        ("/mailings/1/edit", {"name": "Другое имя", "starts_at": "", "period": "weekly"}, Mailing),
        ("/articles/new", {"title": "Статья", "content": "Начало"}, BlogPost),
        ("/mailings/new", {"name": "Новая", "starts_at": "2030-01-", "audience": "tags"}, Mailing),
    ],
)
def test_a_draft_of_each_kind_is_found_again_and_changes_nothing(
    as_owner: Browser, owner: User, path: str, typed: dict[str, str], model: Kept
) -> None:
    make_mailing(owner, message=make_message(owner))
    before = versions_of(model)
    assert autosave(as_owner, path, **typed).status_code == 200
    draft = db.session.query(Draft).one()
    if "new" not in path:
        assert f'href="/drafts/{draft.id}"' in as_owner.get(path).text
    page = as_owner.get(as_owner.get(f"/drafts/{draft.id}").location)
    assert page.status_code == 200 and next(iter(typed.values())) in page.text
    db.session.expire_all()
    assert versions_of(model) == before
    assert as_owner.post(f"/drafts/{draft.id}/discard").status_code == 303
    assert db.session.query(Draft).count() == 0


def test_a_draft_of_an_older_version_does_not_overwrite_the_newer(as_owner: Browser, owner: User) -> None:
    message = make_message(owner)
    autosave(as_owner, "/messages/1/edit", subject="Mine", text_body="Mine")
    message.subject = "Theirs"
    db.session.commit()
    page = as_owner.get(f"/messages/1/edit?kept={db.session.query(Draft).one().id}").text
    answer = as_owner.post("/messages/1/edit", data=hidden(page) | {"subject": "Mine", "text_body": "Mine"})
    assert answer.status_code == 409


def test_another_persons_draft_is_not_there(as_owner: Browser, as_stranger: Browser) -> None:
    autosave(as_owner, "/messages/new", **UNFINISHED)
    draft = db.session.query(Draft).one()
    assert as_stranger.get(f"/drafts/{draft.id}").status_code == 404
    assert "имяя" not in as_stranger.get(f"/messages/new?kept={draft.id}").text
    as_stranger.post(f"/drafts/{draft.id}/discard")
    assert db.session.query(Draft).count() == 1


@pytest.mark.parametrize(
    "path", ["", "//evil.test/", "/login", "/profile", "/messages/1/delete", "/messages/" + "9" * 300]
)
def test_other_addresses_keep_none(as_owner: Browser, path: str) -> None:
    data = hidden(as_owner.get("/messages/new").text) | {"draft_path": path}
    assert as_owner.post("/drafts", data=data).status_code == 422
    assert db.session.query(Draft).count() == 0


@pytest.mark.parametrize("number", ["²", "9" * 40, "-1", "x", "", str(2**62)])
def test_an_odd_number_of_a_draft_is_an_empty_form(as_owner: Browser, number: str) -> None:
    assert as_owner.get("/messages/new", query_string={"kept": number}).status_code == 200
