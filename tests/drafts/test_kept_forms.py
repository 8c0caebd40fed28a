"""Nothing typed is lost when a session ends: after signing in again the form is there as it was, without any script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mailer.accounts import drafts, sessions
from mailer.drafts.forms_kept import page_above
from mailer.drafts.kept_labels import said_in
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.draft import Draft
from mailer.models.message import Message
from mailer.models.user import Role, User
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_client, make_mailing, make_user
from tests.narrowing import one

LONG = "Первая строка\nВторая строка с {{ опечаткой }}"


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    """With form tokens, as in real life."""
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's main form."""
    form = max(re.findall(r"<form.*?</form>", page, re.DOTALL), key=len)
    found = re.findall(r'<input[^>]*type="hidden"[^>]*>', form)
    return {attribute(tag, "name"): attribute(tag, "value") for tag in found if 'value="' in tag}


def attribute(tag: str, name: str) -> str:
    """The value of one attribute of a tag."""
    return one(re.search(rf'{name}="([^"]*)"', tag))[1]


def log_in(web: Browser, user: User, path: str) -> TestResponse:
    """By the page, as a person does."""
    token = one(re.search(r'name="csrf_token"[^>]*value="([^"]*)"', web.get(path).text))[1]
    return web.post(path, data={"email": user.email, "password": PASSWORD, "csrf_token": token})


def end_session(how: str, web: Browser, user: User) -> None:
    if how == "signed out in another tab":
        web.post("/logout", data=hidden(web.get("/profile").text))
    elif how == "the cookie is gone":
        one(web._cookies).clear()
    else:
        sessions.end_all(user.id)
        db.session.commit()


FORMS = {
    "/messages/new": {"subject": "Осень", "text_body": LONG, "html_body": ""},
    "/messages/1/edit": {"subject": "Осень", "text_body": LONG, "html_body": ""},
    "/mailings/new": {"name": "Осень", "audience": "everyone", "period": "weekly", "also_at": "99:99"},
    "/mailings/1/edit": {"name": "Осень", "audience": "everyone", "period": "weekly"},
    "/clients/new": {"email": "anna@example.test", "comment": LONG},
    "/clients/1/edit": {"email": "anna@example.test", "comment": LONG},
    "/articles/new": {"title": "Осень", "content": LONG, "do": "submit", "language": "ru"},
    "/profile": {"name": "Осень", "phone": "+7 495 123-45-67"},
}


@pytest.mark.parametrize("how", ["signed out in another tab", "the cookie is gone", "ended from another device"])
@pytest.mark.parametrize("path", FORMS)
def test_after_signing_in_again_the_form_is_there_as_typed(
    guarded: Flask, as_owner: Browser, owner: User, path: str, how: str
) -> None:
    if how != "ended from another device" and path not in ("/messages/new", "/mailings/1/edit"):
        pytest.skip("each way with two forms, each form in one way")
    make_mailing(owner, [make_client(owner)])
    typed = hidden(as_owner.get(path).text) | FORMS[path]
    end_session(how, as_owner, owner)
    answer = as_owner.post(path, data=typed)
    assert answer.status_code == 303 and answer.location.startswith("/login?next="), answer.status_code
    there = log_in(as_owner, owner, answer.location)
    page = as_owner.get(as_owner.get(there.location).location)
    assert page.status_code == 200 and "data-draft-open" in page.text
    for name, value in FORMS[path].items():
        if name not in ("do", "audience", "period", "language"):
            assert value.split("\n")[0] in page.text, name
    assert db.session.query(Message).count() == 1 and db.session.query(Client).count() == 1, (
        "nothing was saved by itself"
    )
    saved = as_owner.post(path, data=typed | hidden(page.text) | {"text_body": "Fine"})
    assert saved.status_code in (303, 422)
    assert (db.session.query(Draft).count() == 0) == (saved.status_code == 303), "what is saved is no draft any more"


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_the_oldest_kept_form_makes_room_and_it_is_said(
    guarded: Flask, as_owner: Browser, owner: User, is_signed_in: bool
) -> None:
    said = "Самая старая форма, сохранённая после окончания сеанса, удалена: хранится последних форм — 10."
    page = as_owner.get("/messages/new").text
    if not is_signed_in:
        end_session("ended from another device", as_owner, owner)
    for number in range(drafts.MAX_RESCUED + 1):
        typed = hidden(page) | FORMS["/messages/new"] | {"draft_key": f"{number:032x}", "subject": f"Тема {number}."}
        answer = as_owner.post("/messages/new", data=typed | {"csrf_token": "of a session that has ended"})
        if number == drafts.MAX_RESCUED - 1:
            assert said not in as_owner.get("/privacy").text
    there = as_owner.get(answer.location)
    shown = there.text if not is_signed_in else as_owner.get(there.location).text
    assert shown.count(said) == 1
    assert db.session.query(Draft).count() == drafts.MAX_RESCUED
    if not is_signed_in:
        log_in(as_owner, owner, answer.location)
    listed = as_owner.get("/messages").text
    assert "Тема 1." in listed and "Тема 0." not in listed
    assert "хранятся последние 10" in listed


def test_it_is_shown_to_nobody_else(guarded: Flask, as_owner: Browser, owner: User, stranger: User) -> None:
    typed = hidden(as_owner.get("/messages/new").text) | FORMS["/messages/new"]
    end_session("signed out in another tab", as_owner, owner)
    location = as_owner.post("/messages/new", data=typed).location
    log_in(as_owner, stranger, location)
    draft = db.session.query(Draft).one()
    assert draft.owner_id == owner.id
    for path in (f"/drafts/{draft.id}", f"/messages/new?kept={draft.id}", "/messages"):
        assert "Первая строка" not in as_owner.get(path).text
    answer = as_owner.post("/messages/new", data=typed)
    assert answer.status_code == 409 and "Первая строка" not in answer.text, "posted once more by the other person"


@pytest.mark.parametrize("author", ["", "1", "forged.x.y"])
def test_a_form_that_nobody_was_given_is_kept_for_nobody(
    guarded: Flask, as_owner: Browser, web: Browser, author: str
) -> None:
    answer = web.post("/messages/new", data=FORMS["/messages/new"] | {"form_author": author})
    assert answer.status_code == 400 and db.session.query(Draft).count() == 0


def test_words_without_a_page_of_their_own_can_be_copied(guarded: Flask, app: Flask, stranger: User) -> None:
    manager = make_user(role=Role.MANAGER)
    web = browser_of(app).login(manager)
    address = f"/manager/users/{stranger.id}"
    typed = hidden(web.get(address).text) | {"reason": LONG}
    end_session("ended from another device", web, manager)
    answer = web.post(f"{address}/block", data=typed)
    there = log_in(web, manager, answer.location)
    page = web.get(there.location).text
    assert "Вторая строка" in page
    assert re.findall(r'<label class="form-label"[^>]*>([^<]*)', page) == ["Причина"], "not what pages tell each other"


def test_kept_words_are_named_as_their_forms_name_them(app: Flask) -> None:
    with app.test_request_context():
        fields = [["subject", "a"], ["html_body", "<p>b"], ["version", "3"], ["copied_from", "1"], ["odd", "one two"]]
        assert said_in("messages.create", fields) == [
            ("Тема", "a"), ("Текст с оформлением (HTML)", "<p>b"), ("Текст", "one two"),
        ]  # fmt: skip
        block = [["seen", "0" * 40], ["items-0-label", "x"], ["html", "y"], ["width", "12"]]
        assert [value for _label, value in said_in("messages.letter_part", block)] == ["x", "y"]


def test_secrets_and_odd_characters_are_not_kept() -> None:
    pairs = [("subject", "a\0b\ud800"), ("password", "x"), ("csrf_token", "x"), ("form_author", "x"), ("code", "1")]
    assert drafts.storable(pairs) == [["subject", "ab"]]


@pytest.mark.parametrize("pairs", [[("a", "x" * drafts.MAX_SIZE)], [("a", "")] * (drafts.MAX_FIELDS + 1)])
def test_what_is_too_large_is_refused(app: Flask, pairs: list[tuple[str, str]]) -> None:
    with app.test_request_context(), pytest.raises(drafts.DraftRefused):
        drafts.storable(pairs)


def test_kept_forms_make_room_and_asked_for_drafts_do_not(app: Flask, owner: User) -> None:
    def keep(number: int, *, is_asked_for: bool) -> None:
        key = f"{is_asked_for}{number}"
        drafts.keep(owner.id, key, "messages.create", "/messages/new", [["subject", key]], is_asked_for=is_asked_for)

    with app.test_request_context():
        for number in range(drafts.MAX_RESCUED + 3):
            keep(number, is_asked_for=False)
        for number in range(drafts.MAX_DRAFTS):
            keep(number, is_asked_for=True)
        keep(0, is_asked_for=True)
        with pytest.raises(drafts.DraftRefused):
            keep(99, is_asked_for=True)
    titles = {draft.title for draft in db.session.query(Draft)}
    assert len(titles) == drafts.MAX_RESCUED + drafts.MAX_DRAFTS and "False0" not in titles


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/messages/5/letter/part/abc?x=1", "/messages/5/letter"),
        ("/clients/fields", "/clients/fields"),
        ("/calendar/holidays/work", "/calendar/holidays"),
        ("/nowhere/at/all", None),
    ],
)
def test_what_cannot_be_drawn_again_knows_the_page_above(app: Flask, path: str, page: str | None) -> None:
    with app.app_context():
        assert page_above(path) == page
