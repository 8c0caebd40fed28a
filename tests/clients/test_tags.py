"""The page of tags: what there is, and what a new name, a merge or a deletion does everywhere at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from mailer.clients.importing import staging
from mailer.clients.importing.job import run_import
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import CLIENTS_IN_BULK, trying_pair
from mailer.models.client import Client, ClientFilter
from mailer.models.client_import import ImportState
from mailer.models.draft import Draft
from mailer.models.mailing import Audience, Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.segments.former import tree_of
from mailer.sending.runs import audience
from tests.clients.conftest import Importer
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, save


def tags_of_all() -> list[list[str]]:
    db.session.expire_all()
    return [client.tags for client in db.session.scalars(db.select(Client).order_by(Client.id))]


def rename(web: Browser, tag: str, name: str, **data: str) -> TestResponse:
    return web.post("/clients/tags/rename", data={"tag": tag, "name": name, **data}, follow_redirects=True)


def stamp_on(page: str) -> str:
    return re.findall(r'name="confirmed" value="([^"]+)"', page)[0]


def saved_filter(owner: User, **criteria: list[str]) -> ClientFilter:
    return save(ClientFilter(owner_id=owner.id, name=" ".join(criteria), tree=tree_of(criteria)))


def test_each_tag_has_its_number_and_what_names_it(as_owner: Browser, owner: User) -> None:
    for tags in (["vip"], ["vip", "Ёлка"], []):
        make_client(owner, tags=tags)
    make_client(owner, tags=["vip", "gone"], deleted_at=utcnow())
    saved_filter(owner, tags_none=["nobody"])
    make_mailing(owner, name="Autumn news", audience=Audience.TAGS, tags=["vip"])
    page = as_owner.get("/clients/tags/").text
    cells = re.findall(r'data-tag="([^"]*)".*?cell-number"[^>]*>(\d+)<', page, re.S)
    assert cells == [("nobody", "0"), ("vip", "2"), ("Ёлка", "1")]
    assert page.index("vip") < page.index("Autumn news") < page.index("Ёлка")
    assert re.findall(r'data-tag="([^"]*)"', as_owner.get("/clients/tags/?q=елк").text) == ["Ёлка"]
    assert "/clients/tags/" in as_owner.get("/clients/").text


def test_without_tags_the_page_says_how_they_come(as_owner: Browser) -> None:
    assert "empty-state" in as_owner.get("/clients/tags/").text


def test_a_page_of_tags_follows_another(as_owner: Browser, owner: User) -> None:
    for start in (0, 50):
        make_client(owner, tags=[f"tag {number:03}" for number in range(start, start + 50)])
    assert len(re.findall("data-tag=", as_owner.get("/clients/tags/?page=2").text)) == 50
    assert as_owner.get("/clients/tags/?page=3").status_code == 404


def test_a_new_name_is_known_everywhere(as_owner: Browser, owner: User, stranger: User) -> None:
    client = make_client(owner, tags=["a", "old", "z"])
    make_client(owner, tags=["old"], deleted_at=utcnow())
    make_client(stranger, tags=["old"])
    saved = saved_filter(owner, tags_any=["old", "x"], tags_none=["y"])
    mailing = make_mailing(owner, audience=Audience.TAGS, tags=["old", "x"])
    theirs = make_mailing(stranger, audience=Audience.TAGS, tags=["old"])
    version = mailing.version
    answer = rename(as_owner, "old", '"new, really"')
    assert answer.status_code == 200
    assert tags_of_all() == [["a", "new, really", "z"], ["new, really"], ["old"]]
    assert saved.tree == tree_of({"tags_any": ["new, really", "x"], "tags_none": ["y"]})
    assert (mailing.tags, mailing.version) == (["new, really", "x"], version + 1), "an open form of it is refused"
    assert theirs.tags == ["old"]
    assert client.version == 2
    assert db.session.scalars(audience.recipients(mailing)).all() == [client]


@pytest.mark.parametrize("typed", ["there", "THERE"])
def test_a_name_in_use_is_a_merge_that_is_asked_about_with_its_numbers(
    as_owner: Browser, owner: User, typed: str
) -> None:
    for tags in (["from"], ["from"], ["x", "from", "there"], ["there"]):
        make_client(owner, tags=tags)
    saved = saved_filter(owner, tags_any=["there", "from"])
    mailing = make_mailing(owner, name="Autumn news", audience=Audience.TAGS, tags=["from"])
    before = tags_of_all()
    asked = rename(as_owner, "from", typed)
    assert asked.status_code == 409
    assert re.findall(r"<dd>(?:<strong>)?(\d+)", asked.text) == ["3", "2", "1", "4"]
    assert "Autumn news" in asked.text
    assert tags_of_all() == before
    make_client(owner, tags=["from"])
    again = rename(as_owner, "from", typed, confirmed=stamp_on(asked.text))
    assert again.status_code == 409, "other numbers are asked about anew"
    assert rename(as_owner, "from", typed, confirmed=stamp_on(again.text)).status_code == 200
    assert tags_of_all() == [["there"], ["there"], ["x", "there"], ["there"], ["there"]]
    assert saved.tree == tree_of({"tags_any": ["there"]})
    assert mailing.tags == ["there"]


def test_another_case_of_the_same_tag_is_no_merge(as_owner: Browser, owner: User) -> None:
    make_client(owner, tags=["vip"])
    assert rename(as_owner, "vip", "VIP").status_code == 200
    assert tags_of_all() == [["VIP"]]


def test_a_filter_that_would_contradict_itself_forbids_the_merge(as_owner: Browser, owner: User) -> None:
    make_client(owner, tags=["a"])
    make_client(owner, tags=["b"])
    saved = saved_filter(owner, tags_any=["a"], tags_none=["b"])
    stamp = stamp_on(rename(as_owner, "a", "b").text)
    assert saved.name in rename(as_owner, "a", "b", confirmed=stamp).text
    assert tags_of_all() == [["a"], ["b"]]
    assert saved.tree == tree_of({"tags_any": ["a"], "tags_none": ["b"]})


@pytest.mark.parametrize("name", ["", "one, two", "x" * 51, "nul\0", " "])
def test_what_cannot_be_a_tag_changes_nothing(as_owner: Browser, owner: User, name: str) -> None:
    make_client(owner, tags=["a"])
    assert rename(as_owner, "a", name).status_code == 200
    assert tags_of_all() == [["a"]]


@pytest.mark.parametrize("tag", ["", "unknown", "nul\0", "x" * 10_000, "theirs"])
def test_a_tag_that_is_not_there_is_answered_so(as_owner: Browser, owner: User, stranger: User, tag: str) -> None:
    make_client(stranger, tags=["theirs"])
    for answer in (
        rename(as_owner, tag, "b"),
        as_owner.post("/clients/tags/delete", data={"tag": tag}, follow_redirects=True),
        as_owner.get("/clients/tags/delete", query_string={"tag": tag}, follow_redirects=True),
    ):
        assert (answer.status_code, "flash" in answer.text) == (200, True)
    assert tags_of_all() == [["theirs"]]


@pytest.mark.parametrize("path", ["/clients/tags/rename", "/clients/tags/delete"])
@pytest.mark.parametrize("is_by_filter", [True, False])
def test_while_a_run_to_the_tag_goes_it_stays(as_owner: Browser, owner: User, path: str, is_by_filter: bool) -> None:
    make_client(owner, tags=["a", "b"])
    saved = saved_filter(owner, tags_any=["a", "b"])
    chosen = {"audience": Audience.FILTER, "filter_id": saved.id} if is_by_filter else {"audience": Audience.TAGS}
    mailing = make_mailing(owner, name="Going now", tags=[] if is_by_filter else ["a", "b"], **chosen)
    save(Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="x", planned_at=utcnow(), state=RunState.SENDING,
             snapshot={}))  # fmt: skip
    answer = as_owner.post(path, data={"tag": "a", "name": "c"}, follow_redirects=True)
    assert "Going now" in answer.text
    assert tags_of_all() == [["a", "b"]]
    assert saved.tree == tree_of({"tags_any": ["a", "b"]})


def test_a_tag_is_taken_from_everybody_once_asked(as_owner: Browser, owner: User, stranger: User) -> None:
    for tags in (["a", "b"], ["a"]):
        make_client(owner, tags=tags)
    make_client(owner, tags=["a"], deleted_at=utcnow())
    make_client(stranger, tags=["a"])
    saved = saved_filter(owner, tags_any=["a", "b"])
    mailing = make_mailing(owner, audience=Audience.TAGS, tags=["a", "b"])
    over = make_mailing(owner, audience=Audience.TAGS, tags=["a"], completed_at=utcnow())
    asked = as_owner.get("/clients/tags/delete?tag=a").text
    assert "2 client" in asked or "2 клиент" in asked
    assert as_owner.post("/clients/tags/delete", data={"tag": "a"}).status_code == 303
    assert tags_of_all() == [["b"], [], [], ["a"]]
    assert (saved.tree, mailing.tags) == (tree_of({"tags_any": ["b"]}), ["b"])
    assert over.tags == ["a"], "what is over tells still whom it was for"


def only_filtered(owner: User) -> str:
    return saved_filter(owner, tags_any=["a"]).name


def left_out(owner: User) -> str:
    return saved_filter(owner, tags_any=["b"], tags_none=["a"]).name


def mailed(owner: User) -> str:
    mailing: Mailing = make_mailing(owner, name="Autumn news", audience=Audience.TAGS, tags=["a"])
    return mailing.name


@pytest.mark.parametrize("need", [only_filtered, left_out, mailed])
def test_a_tag_whose_absence_would_mean_other_people_is_kept(
    as_owner: Browser, owner: User, need: Callable[[User], str]
) -> None:
    make_client(owner, tags=["a"])
    name = need(owner)
    answer = as_owner.post("/clients/tags/delete", data={"tag": "a"}, follow_redirects=True)
    assert f"“{name}”" in answer.text
    assert tags_of_all() == [["a"]]


def test_thousands_follow_in_one_statement(as_owner: Browser, owner: User) -> None:
    many = (
        "INSERT INTO clients (owner_id, email, email_key, tags, last_name, first_name, patronymic, comment)"
        " SELECT :owner, n || '@x.test', n || '@x.test', ARRAY['a', 'old'], '', '', '', ''"
        " FROM generate_series(1, 5000) n"
    )
    db.session.execute(text(many), {"owner": owner.id})
    db.session.commit()
    statements: list[str] = []

    def note(*about: object) -> None:
        statements.append(str(about[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    assert rename(as_owner, "old", "new").status_code == 200
    event.remove(db.engine, "before_cursor_execute", note)
    updates = [each for each in statements if each.startswith("UPDATE clients")]
    assert len(updates) == 2, "tags that clients have, and those they gave back"
    counted = text("SELECT tags, count(*) FROM clients GROUP BY tags")
    assert [tuple(row) for row in db.session.execute(counted)] == [(["a", "new"], 5000)]


def test_what_is_still_to_come_does_not_bring_the_old_name_back(
    importer: Importer, as_owner: Browser, owner: User
) -> None:
    make_client(owner, "there@x.test", tags=["old"])
    address, form = importer.preview("email\na@x.test\n")
    assert as_owner.post(address, data=form | {"tags": "old, other"}).status_code == 303
    draft = save(
        Draft(owner_id=owner.id, key="/mailings/new", endpoint="mailings.new", path="/mailings/new", title="x",
              fields=[["name", "old"], ["tags", "old"], ["tags", "other"]], is_asked_for=True)
    )  # fmt: skip
    draft_id = draft.id
    assert rename(as_owner, "old", "new").status_code == 200
    run_import(int(address.rsplit("/", 1)[1]))
    assert tags_of_all() == [["new"], ["new", "other"]]
    assert db.session.get_one(Draft, draft_id).fields == [["name", "old"], ["tags", "new"], ["tags", "other"]]


def test_an_import_that_runs_writes_the_new_name(
    as_owner: Browser, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read the old one at its start, and renaming did not find what it had not written yet."""
    save(make_client(owner=db.session.scalars(db.select(User)).one(), tags=["old"]))
    turn = staging.take_turn

    def rename_first(cursor: object, owner_id: int) -> None:
        assert rename(as_owner, "old", "new").status_code == 200
        turn(cursor, owner_id)  # type: ignore[arg-type]

    monkeypatch.setattr(staging, "take_turn", rename_first)
    done = importer.run("E-mail;Имя\na@example.test;Анна\n", tags="old")
    assert (done.state, done.created_count) == (ImportState.DONE, 1)
    assert tags_of_all() == [["new"], ["new"]] and done.options["tags"] == ["new"]


def test_while_an_import_writes_no_tag_is_renamed(as_owner: Browser, owner: User) -> None:
    client = save(make_client(owner=owner, tags=["old"]))
    with db.engine.begin() as other:
        assert other.scalar(trying_pair(CLIENTS_IN_BULK, owner.id))
        assert (
            "An import is being added to the list" in rename(as_owner, "old", "new").text
            or "импорт" in rename(as_owner, "old", "new").text
        )
    db.session.expire_all()
    assert db.session.get_one(Client, client.id).tags == ["old"]
    assert rename(as_owner, "old", "new").status_code == 200
    assert tags_of_all() == [["new"]]
