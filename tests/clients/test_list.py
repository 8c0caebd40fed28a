"""The list: who is on it, in what order, and what is done to many at once."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter, Suppression, SuppressionReason
from mailer.models.mailing import Audience
from mailer.models.user import User
from mailer.segments.former import tree_of
from tests.clients.conftest import live_clients
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, save


def shown(web: Browser, **args: Any) -> list[int]:
    """Ids of the clients on the page, in order."""
    answer = web.get("/clients/", query_string=args)
    assert answer.status_code == 200
    return [int(id_) for id_ in re.findall(r'data-client="(\d+)"', answer.text)]


@pytest.fixture
def people(owner: User) -> dict[str, Client]:
    """Three clients added a day apart."""
    now = utcnow()
    return {
        "anna": make_client(
            owner, "anna@example.test", last_name="Ёлкина", first_name="Анна", tags=["vip"], birth_year=1990,
            created_at=now - timedelta(days=2),
        ),
        "boris": make_client(
            owner, "boris@example.test", last_name="Борисов", comment="скидка 50%", tags=["vip", "new"],
            birth_year=1970, created_at=now - timedelta(days=1),
        ),
        "clara": make_client(owner, "c_lara@example.test", last_name="Борисова", first_name="Клара", created_at=now),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ({}, ["clara", "boris", "anna"]),
        ({"q": "АННА"}, ["anna"]),
        ({"q": "ёлк"}, ["anna"]),
        ({"q": "клара БОРИСОВА"}, ["clara"]),
        ({"q": "boris@"}, ["boris"]),
        ({"q": "%"}, ["boris"]),
        ({"q": "c_l"}, ["clara"]),
        ({"q": "_"}, ["clara"]),
        ({"q": "никто"}, []),
        ({"q": "'; DROP TABLE clients --"}, []),
        ({"q": "а" * 50_000}, []),
        ({"q": "\x00анна"}, ["anna"]),
        ({"tag": "vip"}, ["boris", "anna"]),
        ({"tag": "new"}, ["boris"]),
        ({"without": "new"}, ["clara", "anna"]),
        ({"born_from": "1980"}, ["anna"]),
        ({"born_to": "1980"}, ["boris"]),
        ({"sort": "created", "order": "asc"}, ["anna", "boris", "clara"]),
        ({"sort": "email"}, ["anna", "boris", "clara"]),
        ({"sort": "email", "order": "desc"}, ["clara", "boris", "anna"]),
        ({"sort": "name"}, ["boris", "clara", "anna"]),
    ],
)
def test_searching_filtering_and_sorting(
    as_owner: Browser, people: dict[str, Client], args: dict[str, str], names: list[str]
) -> None:
    assert shown(as_owner, **args) == [people[name].id for name in names]


def test_those_left_out_of_mailings_can_be_told_apart(
    as_owner: Browser, owner: User, people: dict[str, Client]
) -> None:
    save(Suppression(owner_id=owner.id, email_key="anna@example.test", reason=SuppressionReason.UNSUBSCRIBED))
    assert shown(as_owner, state="unsubscribed") == [people["anna"].id]
    assert shown(as_owner, state="subscribed") == [people["clara"].id, people["boris"].id]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("sort=email;drop", 400),
        ("order=sideways", 400),
        ("state=sleepy", 400),
        ("born_from=abc", 400),
        ("filter=x", 400),
        ("filter=99", 404),
        ("filter=9223372036854775808", 400),
        ("page=0", 404),
        ("page=2", 404),
        ("page=abc", 404),
        ("page=9223372036854775808", 404),
    ],
)
def test_addresses_that_mean_nothing_are_refused(
    as_owner: Browser, people: dict[str, Client], query: str, status: int
) -> None:
    assert as_owner.get(f"/clients/?{query}").status_code == status


def test_pages_hold_fifty(as_owner: Browser, owner: User) -> None:
    db.session.add_all(Client(owner_id=owner.id, email=f"{n}@x.test", email_key=f"{n}@x.test") for n in range(51))
    db.session.commit()
    assert (len(shown(as_owner)), len(shown(as_owner, page=2))) == (50, 1)


def test_an_owner_sees_only_their_own_and_a_manager_sees_all(
    as_owner: Browser, as_manager: Browser, stranger: User, people: dict[str, Client]
) -> None:
    theirs = make_client(stranger)
    assert theirs.id not in shown(as_owner)
    assert set(shown(as_manager)) == {theirs.id, *(client.id for client in people.values())}
    assert "/clients/new" not in as_manager.get("/clients/").text


def test_marked_clients_are_deleted_and_brought_back(as_owner: Browser, people: dict[str, Client]) -> None:
    ids = [people["anna"].id, people["boris"].id]
    assert as_owner.post("/clients/bulk", data={"action": "delete", "ids": ids}).status_code == 303
    assert [client.id for client in live_clients()] == [people["clara"].id]
    undo = re.findall(r'action="(/clients/restore-deleted[^"]+)"', as_owner.get("/clients/").text)
    assert as_owner.post(undo[0].replace("&amp;", "&")).status_code == 303
    assert len(live_clients()) == 3


def test_everyone_found_is_tagged_and_untagged(as_owner: Browser, people: dict[str, Client]) -> None:
    everyone = {"everyone": "1", "q": "борисов"}
    as_owner.post("/clients/bulk", data=everyone | {"action": "add_tag", "tag_name": " Осень "})
    assert [client.tags for client in live_clients()] == [["vip"], ["vip", "new", "Осень"], ["Осень"]]
    as_owner.post("/clients/bulk", data=everyone | {"action": "remove_tag", "tag_name": "Осень"})
    assert [client.tags for client in live_clients()] == [["vip"], ["vip", "new"], []]


@pytest.mark.parametrize(
    "data", [{"action": "explode"}, {"action": "add_tag"}, {"action": "add_tag", "tag_name": "a,b"}, {}]
)
def test_a_bulk_action_that_is_none_changes_nothing(
    as_owner: Browser, people: dict[str, Client], data: dict[str, str]
) -> None:
    assert as_owner.post("/clients/bulk", data=data | {"everyone": "1"}).status_code == 303
    assert [client.version for client in live_clients()] == [1, 1, 1]


def test_a_bulk_action_reaches_no_other_owner(as_stranger: Browser, people: dict[str, Client]) -> None:
    ids = [client.id for client in people.values()]
    as_stranger.post("/clients/bulk", data={"action": "delete", "ids": ids})
    as_stranger.post("/clients/bulk", data={"action": "delete", "everyone": "1"})
    assert len(live_clients()) == 3


def test_a_search_is_saved_used_renamed_and_deleted(as_owner: Browser, people: dict[str, Client]) -> None:
    criteria = {"q": "борис", "tag": "vip"}
    assert as_owner.post("/clients/segments/from-list", data=criteria | {"name": "Борисы"}).status_code == 303
    saved = db.session.scalars(db.select(ClientFilter)).one()
    assert saved.tree == tree_of({"search": "борис", "tags_any": ["vip"]})
    assert shown(as_owner, filter=saved.id) == [people["boris"].id]
    assert "Борисы" in as_owner.get("/clients/segments/").text
    as_owner.post(f"/clients/segments/{saved.id}", data={"name": "Важные", "c-join": "all"})
    db.session.expire_all()
    assert saved.name == "Важные"
    as_owner.post(f"/clients/segments/{saved.id}/delete")
    db.session.expire_all()
    assert db.session.scalars(db.select(ClientFilter)).all() == []


def test_a_filter_needs_a_name_of_its_own_and_something_to_find(as_owner: Browser, owner: User) -> None:
    save(ClientFilter(owner_id=owner.id, name="Taken", tree=tree_of({"search": "x"})))
    for data in ({"name": "", "q": "x"}, {"name": "Taken", "q": "y"}, {"name": "All"}):
        assert as_owner.post("/clients/segments/from-list", data=data).status_code == 303
    assert db.session.scalars(db.select(ClientFilter.name)).all() == ["Taken"]


def test_a_filter_in_use_is_kept_and_the_mailing_named(as_owner: Browser, owner: User) -> None:
    saved = save(ClientFilter(owner_id=owner.id, name="VIP", tree=tree_of({"tags_any": ["vip"]})))
    make_mailing(owner, name="Autumn news", audience=Audience.FILTER, filter_id=saved.id)
    answer = as_owner.post(f"/clients/segments/{saved.id}/delete", follow_redirects=True)
    assert "Autumn news" in answer.text
    assert db.session.get(ClientFilter, saved.id) is not None


def test_another_owners_filter_is_not_there(as_stranger: Browser, as_manager: Browser, owner: User) -> None:
    saved = save(ClientFilter(owner_id=owner.id, name="Mine", tree=tree_of({"search": "x"})))
    assert as_stranger.get(f"/clients/?filter={saved.id}").status_code == 404
    for action in ("", "/delete"):
        assert as_stranger.post(f"/clients/segments/{saved.id}{action}", data={"name": "x"}).status_code == 404
        assert as_manager.post(f"/clients/segments/{saved.id}{action}", data={"name": "x"}).status_code == 403
    db.session.expire_all()
    assert saved.name == "Mine"


@pytest.mark.parametrize(
    "search",
    [
        "петр",
        "ПЁТР",
        "пётр",
        "омск",
        "89123456789",
        "+7 (912) 345-67-89",
        "912 345",
        "9123456789",
        "345-67-89",
        "щу анна",
    ],
)
def test_the_search_folds_letters_and_looks_into_own_fields_and_numbers(
    as_owner: Browser, owner: User, search: str
) -> None:
    facts = {"Город": "Омск", "Телефон": "8 912 345-67-89"}
    found = make_client(owner, "a@x.test", first_name="Пётр Анна", last_name="Щукина", attributes=facts)
    make_client(owner, "b@x.test", first_name="Вера", attributes={"Омск": "8 912 300-00-00", "Город": "Пенза"})
    page = as_owner.get("/clients/", query_string={"q": search}).text
    assert re.findall(r'data-client="(\d+)"', page) == [str(found.id)]


def test_who_oversees_and_has_clients_gets_their_own_unless_they_ask(
    as_owner: Browser, owner: User, stranger: User
) -> None:
    assert as_owner.get(f"/clients/?owner={stranger.id}").status_code == 404
    assert as_owner.get("/clients/?owner=all").status_code == 404
    owner.granted = ["oversee"]
    db.session.commit()
    mine = make_client(owner, "mine@example.test", tags=["mine"])
    theirs = make_client(stranger, "theirs@example.test", tags=["theirs"])
    page = as_owner.get("/clients/").text
    assert shown(as_owner) == [mine.id]
    assert "theirs" not in page and 'data-label="Владелец"' not in page and 'name="everyone"' not in page
    for asked, ids in (("all", [theirs.id, mine.id]), (stranger.id, [theirs.id])):
        assert shown(as_owner, owner=asked) == ids
        page = as_owner.get("/clients/", query_string={"owner": asked}).text
        assert 'data-label="Владелец"' in page and "/clients/export" not in page and 'name="ids"' not in page
    for query in ("", "?owner=all", f"?owner={stranger.id}"):
        assert "theirs" not in as_owner.get(f"/clients/export{query}").text
    as_owner.post("/clients/bulk", data={"everyone": "1", "action": "delete", "owner": "all"})
    assert live_clients() == [theirs]


def test_what_was_done_to_many_is_taken_back(as_owner: Browser, as_stranger: Browser, owner: User) -> None:
    people = [make_client(owner, tags=["old"]), make_client(owner), make_client(owner, tags=["new"])]
    ids = [client.id for client in people]

    def done(action: str, tag: str = "") -> str:
        as_owner.post("/clients/bulk", data={"ids": ids, "action": action, "tag_name": tag})
        found = re.findall(r'action="(/clients/undo-[^"]+)"', as_owner.get("/clients/").text)
        return str(found[0]).replace("&amp;", "&")

    for action, tag in (("add_tag", "new"), ("remove_tag", "old")):
        undo = done(action, tag)
        db.session.expire_all()
        changed = [client.tags for client in people]
        as_stranger.post(undo)
        db.session.expire_all()
        assert [client.tags for client in people] == changed, "nobody takes back what another did"
        as_owner.post(undo)
        db.session.expire_all()
        assert [client.tags for client in people] == [["old"], [], ["new"]]
    save(Suppression(owner_id=owner.id, email_key=people[0].email_key, reason=SuppressionReason.MANUAL))
    as_owner.post(done("suppress"))
    assert db.session.scalars(db.select(Suppression.email_key)).all() == [people[0].email_key]
    assert as_owner.post("/clients/undo-tag?at=x&did=add_tag").status_code == 404


def test_language_and_zone_of_many_are_set_and_brought_back(
    as_owner: Browser, as_stranger: Browser, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    had = {"a": ("ru", "Europe/Moscow"), "b": ("", "Asia/Omsk"), "c": ("en", ""), "d": ("de", "Europe/Berlin")}
    people = {
        name: make_client(owner, f"{name}@x.test", language=lang, timezone=zone) for name, (lang, zone) in had.items()
    }
    other = make_client(stranger, "e@x.test", language="fr", timezone="Europe/Paris")
    ids = [people[name].id for name in "abd"] + [other.id]

    def now() -> dict[str, tuple[str, str]]:
        db.session.expire_all()
        assert (other.language, other.timezone) == ("fr", "Europe/Paris")
        return {name: (client.language, client.timezone) for name, client in people.items()}

    def done(**data: str) -> str:
        page = as_owner.post("/clients/bulk", data={"ids": ids} | data, follow_redirects=True).text
        found = re.findall(r'action="(/clients/undo-value[^"]*)"', page)
        assert len(found) == 1, page
        return html.unescape(found[0])

    undo = done(action="set_language", language="de")
    assert now() == had | {"a": ("de", "Europe/Moscow"), "b": ("de", "Asia/Omsk")}
    as_stranger.post(undo)
    assert now()["a"][0] == "de", "nobody takes back what another did"
    people["b"].comment = "changed since"
    db.session.commit()
    as_owner.post(undo)
    assert now() == had | {"b": ("de", "Asia/Omsk")}
    as_owner.post(done(action="set_timezone", timezone="мск+2"))
    assert now() == had | {"b": ("de", "Asia/Omsk")}
    done(action="set_timezone", timezone="Екатеринбург")
    assert {now()[name][1] for name in "abd"} == {"Asia/Yekaterinburg"}
    monkeypatch.setattr("mailer.clients.bulk_values.MOST_FORMER", 1)
    page = as_owner.post("/clients/bulk", data={"everyone": "1", "action": "set_language"}, follow_redirects=True).text
    assert {language for language, _zone in now().values()} == {""} and "undo-value" not in page
    for data in (
        {"action": "set_timezone"},
        {"action": "set_timezone", "timezone": "Атлантида"},
        {"action": "set_language", "language": "tlh"},
    ):
        before = now()
        answer = as_owner.post("/clients/bulk", data={"everyone": "1"} | data, follow_redirects=True)
        assert "alert-danger" in answer.text or "flash" in answer.text
        assert now() == before
    for query in (
        "field=tags",
        "field=language&was=tlh",
        "field=timezone&was=Mars",
        "field=language&was=ru&was=en",
        "was=ru",
    ):
        assert as_owner.post(f"/clients/undo-value?at=2026-01-01T00:00:00%2B00:00&{query}").status_code == 404
