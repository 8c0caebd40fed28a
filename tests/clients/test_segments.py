"""Segments: conditions are data, built by plain forms, and find exactly those whom their words say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy.dialects import postgresql

from mailer.clients.broken_segments import tell_owners
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client, ClientFilter, Suppression
from mailer.models.client_field import ClientField, FieldType
from mailer.models.delivery import Delivery
from mailer.models.mailing import Audience
from mailer.models.reaction import Asker, JudgedBy, Reaction
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.former import tree_of
from mailer.segments.scope import ConditionRefused, scope_of
from mailer.segments.words import Names, in_words
from mailer.sending.runs import audience
from mailer.sending.runs.recipient_list import write_recipient_list
from tests.clients.conftest import Importer
from tests.conftest import Browser
from tests.factories import make_client, make_due_run, make_mailing, save
from tests.mailings.builders import make_run

TODAY = date(2027, 2, 28)
CITY: dict[str, Any] = {"field": 1, "op": "is", "value": "Казань"}


@pytest.fixture
def people(owner: User) -> dict[str, Client]:
    """Fields of every type (ids 1 to 5), and people who have something in them or not."""
    kinds = [
        ("city", FieldType.TEXT, None),
        ("sum", FieldType.NUMBER, "n1"),
        ("bought", FieldType.DATE, "d1"),
        ("call", FieldType.BOOLEAN, "b1"),
        ("level", FieldType.CHOICE, None),
    ]
    for key, kind, slot in kinds:
        choices = ["gold", "silver"] if kind is FieldType.CHOICE else []
        save(ClientField(owner_id=owner.id, key=key, label=key, type=kind, slot=slot, choices=choices))
    leap = date(2000, 2, 29)
    return {
        "anna": make_client(
            owner,
            "anna@x.test",
            tags=["vip"],
            attributes={"city": "казань", "level": "gold"},
            n1=100,
            d1=TODAY - timedelta(100),
            b1=True,
        ),
        "boris": make_client(
            owner, "boris@x.test", tags=["old"], attributes={"city": "Москва"}, n1=5, d1=leap, b1=False
        ),
        "clara": make_client(owner, "clara@x.test", birth_year=1980),
    }


def found(owner: User, *nodes: dict[str, Any], join: str = "all") -> str:
    """First letters of those who meet the conditions."""
    condition = condition_of({"v": 1, join: list(nodes)}, scope_of(owner, TODAY))
    query = db.select(Client.email).where(Client.owner_id == owner.id, condition).order_by(Client.email)
    return "".join(email[0] for email in db.session.scalars(query))


@pytest.mark.usefixtures("people")
def test_every_condition_finds_those_it_says(owner: User) -> None:
    for node, who in [
        (CITY, "a"),
        ({"field": 1, "op": "is_not", "value": "Казань"}, "bc"),
        ({"not": CITY}, "bc"),
        ({"field": 1, "op": "contains", "value": "АЗ"}, "a"),
        ({"field": 1, "op": "starts", "value": "мос"}, "b"),
        ({"field": 1, "op": "one_of", "value": ["Москва", "КАЗАНЬ"]}, "ab"),
        ({"field": 1, "op": "empty"}, "c"),
        ({"field": 5, "op": "none_of", "value": ["gold"]}, "bc"),
        ({"field": 2, "op": "more", "value": "5"}, "a"),
        ({"field": 2, "op": "between", "value": ["5", 100]}, "ab"),
        ({"field": 2, "op": "is_not", "value": 5}, "ac"),
        ({"field": 3, "op": "before", "value": {"days": -90}}, "ab"),
        ({"field": 3, "op": "on", "value": {"days": -100}}, "a"),
        ({"field": 3, "op": "yearly", "value": {"days": 0}}, "b"),
        ({"not": {"field": 3, "op": "after", "value": {"on": "2001-01-01"}}}, "bc"),
        ({"field": 4, "op": "not_no"}, "ac"),
        ({"field": 4, "op": "no"}, "b"),
        ({"field": "birth_year", "op": "at_most", "value": 1990}, "c"),
        ({"field": "added", "op": "after", "value": {"days": -60000 + 23400}}, "abc"),
        ({"what": "tag", "op": "none", "value": ["vip"]}, "bc"),
        ({"what": "search", "value": "clara"}, "c"),
        ({"what": "came", "value": "hand"}, "abc"),
        ({"what": "happened", "op": "no", "outcome": "sent"}, "abc"),
        ({"what": "happened", "op": "yes", "outcome": "refused", "runs": 5}, ""),
        ({"any": [CITY, {"field": 4, "op": "no"}]}, "ab"),
        ({"not": {"any": [CITY, {"what": "tag", "op": "any", "value": ["old"]}]}}, "c"),
    ]:
        assert (node, found(owner, node)) == (node, who)
    save(Suppression(owner_id=owner.id, email_key="anna@x.test", reason="manual"))
    assert found(owner, {"what": "state", "value": "unsubscribed"}) == "a"


def test_people_are_found_by_what_they_did_with_emails(owner: User, people: dict[str, Client]) -> None:
    mailing, other = make_mailing(owner, counts_clicks=True), make_mailing(owner)
    run = make_run(mailing, utcnow() - timedelta(days=20), is_tracked=True)
    did = {"anna": (1, "person", 2), "boris": (0, "person", 10), "clara": (1, "machine", 2)}
    for position, (name, (link, who, days_ago)) in enumerate(did.items(), 1):
        email = people[name].email
        save(Delivery(run_id=run.id, position=position, client_id=people[name].id, email=email, email_key=email))
        at = scope_of(owner, TODAY).starts(TODAY - timedelta(days_ago))
        save(
            Reaction(
                run_id=run.id, position=position, link=link, verdict=Asker(who), rule=JudgedBy.NONE, first_at=at,
                last_at=at, hit_count=1,
            )
        )  # fmt: skip
    for outcome, op, within, who in [
        ("clicked", "yes", {}, "a"),
        ("clicked", "no", {}, "bc"),
        ("opened", "yes", {}, "ab"),  # whoever clicked had opened
        ("opened", "yes", {"days": 5}, "a"),  # when they did it, not when it was sent
        ("opened", "no", {"days": 5}, "bc"),
        ("clicked", "yes", {"mailing": mailing.id}, "a"),
        ("clicked", "no", {"mailing": other.id}, "abc"),
        ("clicked", "yes", {"runs": 1}, "a"),
    ]:
        node = {"what": "happened", "op": op, "outcome": outcome, **within}
        assert (node, found(owner, node)) == (node, who)


@pytest.mark.usefixtures("people")
def test_hostile_trees_are_refused_and_no_value_becomes_sql(owner: User, stranger: User) -> None:
    theirs = save(ClientField(owner_id=stranger.id, key="x", label="x"))
    deep: Any = CITY
    for _depth in range(2000):
        deep = {"not": deep}
    bad: list[Any] = [
        None,
        [],
        {},
        {"v": 2},
        {"v": True, "all": []},
        {"v": 1, "all": {}},
        {"v": 1, "all": [deep]},
        {"v": 1, "all": [CITY] * 61},
        *(
            {"v": 1, "all": [node]}
            for node in (
                CITY | {"field": theirs.id},
                CITY | {"field": True},
                CITY | {"field": [1]},
                CITY | {"field": "owner_id"},
                CITY | {"sql": "1"},
                CITY | {"op": ["is"]},
                CITY | {"op": "before"},
                CITY | {"value": "a\0b"},
                CITY | {"value": "x" * 501},
                {"field": 2, "op": "more", "value": "NaN"},
                {"field": 2, "op": "more", "value": "1e400"},
                {"field": 3, "op": "on", "value": {"on": "2026-02-30"}},
                {"field": 3, "op": "on", "value": {"days": 10**9}},
                {"field": 3, "op": "on", "value": {"on": 5}},
                {"what": ["tag"]},
                {"what": "tag", "op": "any", "value": []},
                {"what": "happened", "op": "yes", "outcome": "sent", "runs": True},
                {"what": "segment", "op": "in", "value": 99},
                {"field": 4, "op": "yes", "value": "x"},
            )
        ),
    ]
    scope = scope_of(owner, TODAY)
    for tree in bad:
        with pytest.raises(ConditionRefused):
            condition_of(tree, scope)
    with pytest.raises(ConditionRefused, match="/all/1/not: unknown_field"):
        condition_of({"v": 1, "all": [CITY, {"not": CITY | {"field": 99}}]}, scope)
    condition = condition_of({"v": 1, "all": [CITY | {"value": "x'; DROP"}]}, scope)
    sql = str(condition.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "DROP" not in sql and "city" not in sql


def test_words_say_what_a_tree_asks_for(app: Any) -> None:
    tree = {
        "v": 1,
        "all": [
            {"field": 1, "op": "is", "value": "Казань"},
            {"field": 3, "op": "before", "value": {"days": -90}},
            {"any": [{"what": "tag", "op": "any", "value": ["vip"]}, {"not": {"field": 4, "op": "no"}}]},
        ],
    }
    names = Names({1: "Город", 3: "Покупка", 4: "Согласие"})
    with app.test_request_context(), force_locale("ru"):
        assert in_words(tree, names) == (
            "Город — Казань и Покупка раньше, чем 90 дней назад и (есть метка «vip» или не так, что Согласие: нет)"
        )
    with app.test_request_context(), force_locale("en"):
        assert in_words(tree, names).startswith(
            "Город is Казань and Покупка is earlier than 90 days ago and (has the tag"
        )


def test_the_builder_works_by_plain_forms(
    as_owner: Browser, as_stranger: Browser, owner: User, people: dict[str, Client]
) -> None:
    row = {"c-join": "all", "c.0-what": "f1", "c.0-op": "is", "c.0-value": "Казань"}
    page = as_owner.post("/clients/segments/new", data={"name": "x", **row, "do": "group:c"}).text
    assert 'name="c.1-join"' in page and 'name="c.1.0-what"' in page and 'value="Казань"' in page
    page = as_owner.post("/clients/segments/new", data=row | {"do": "remove:c.0", "name": "x"}).text
    assert 'name="c.0-what"' not in page
    wrong = as_owner.post(
        "/clients/segments/new", data={"name": "x", "c.0-what": "f3", "c.0-op": "before_days", "c.0-value": "скоро"}
    )
    assert wrong.status_code == 422 and 'id="c.0-error"' in wrong.text
    forged = as_owner.post("/clients/segments/new", data={"name": "x"} | row | {"c.0-op": "more"})
    assert forged.status_code == 422 and 'id="c.0-error"' in forged.text, "never the first comparison instead"
    more = {
        "c.1-join": "none",
        "c.1.0-what": "f4",
        "c.1.0-op": "no",
        "c.1.1-what": "tag",
        "c.1.1-op": "any",
        "c.1.1-values": "old",
    }
    assert as_owner.post("/clients/segments/new", data={"name": " \u200b"} | row | more).status_code == 422
    assert as_owner.post("/clients/segments/new", data={"name": "Kazan"} | row | more).status_code == 303
    segment = db.session.scalars(db.select(ClientFilter)).one()
    assert segment.tree == {
        "v": 1,
        "all": [CITY, {"not": {"any": [{"field": 4, "op": "no"}, {"what": "tag", "op": "any", "value": ["old"]}]}}],
    }
    assert 'data-found="1"' in as_owner.post("/clients/segments/preview", data=row | more).text
    listed = as_owner.get(f"/clients/?filter={segment.id}").text
    assert people["anna"].email in listed and people["boris"].email not in listed
    page = as_owner.get(f"/clients/segments/{segment.id}").text
    assert 'name="c.1.1-values"' in page and 'value="Казань"' in page
    assert as_stranger.get(f"/clients/segments/{segment.id}").status_code == 404
    circle = {"name": "Kazan", "c-join": "all", "c.0-what": "segment", "c.0-op": "in", "c.0-value": str(segment.id)}
    assert as_owner.post(f"/clients/segments/{segment.id}", data=circle).status_code == 422
    archived = as_owner.post("/clients/fields/1/archive", follow_redirects=True).text
    assert "Kazan" in archived and db.session.get_one(ClientField, 1).archived_at is None


def test_a_mailing_takes_segments_leaves_others_out_and_keeps_what_they_said(
    as_owner: Browser, owner: User, people: dict[str, Client]
) -> None:
    kazan = save(ClientFilter(owner_id=owner.id, name="Kazan", tree={"v": 1, "all": [CITY]}))
    all_ = save(ClientFilter(owner_id=owner.id, name="All", tree=tree_of({})))
    inner = {"v": 1, "all": [{"what": "segment", "op": "in", "value": kazan.id}]}
    nested = save(ClientFilter(owner_id=owner.id, name="Nested", tree=inner))
    run = make_due_run(owner, audience=Audience.FILTER, segment_ids=[all_.id, kazan.id], left_out_ids=[nested.id])
    write_recipient_list(run.id)
    db.session.refresh(run)
    assert run.planned_count == 2  # those without a city too
    assert run.audience is not None and run.audience["count"] == 2
    assert run.audience["segments"][str(kazan.id)]["tree"] == kazan.tree
    everybody = make_mailing(owner, left_out_ids=[kazan.id])
    assert audience.summary(everybody).total == 2
    nested.tree = {"v": 1, "all": [CITY | {"field": 99}]}
    db.session.commit()
    broken = make_due_run(owner, audience=Audience.FILTER, segment_ids=[all_.id], left_out_ids=[nested.id])
    write_recipient_list(broken.id)
    db.session.refresh(broken)
    assert (broken.state, broken.stop_reason, broken.planned_count) == ("skipped", "segment", 0)
    assert [tell_owners(utcnow()), tell_owners(utcnow())] == [1, 0], "once"
    mail = db.session.scalars(db.select(AccountEmail).where(AccountEmail.template == "segment-broken")).one()
    assert mail.user_id == owner.id and mail.context["name"] == "Nested"
    assert 'data-broken="segment"' in as_owner.get(f"/mailings/{broken.mailing_id}").text
    nested.tree = inner
    db.session.commit()
    assert tell_owners(utcnow()) == 0 and nested.broken_at is None
    assert 'data-broken="segment"' not in as_owner.get(f"/mailings/{broken.mailing_id}").text


def test_a_list_of_a_shop_is_imported_and_the_right_people_are_found(
    importer: Importer, as_owner: Browser, owner: User
) -> None:
    today = scope_of(owner).today
    lines = ["email;Город;Последняя покупка;Согласие"]
    for number in range(3000):
        city = ("Казань", "Москва", "")[number % 3]
        bought = (today - timedelta(number % 200)).strftime("%d.%m.%Y") if number % 7 else ""
        lines.append(f"c{number}@x.test;{city};{bought};{('да', 'нет', '')[number // 3 % 3]}")
    assert importer.run("\n".join(lines), column_3="attribute-boolean").created_count == 3000
    ids = {field.label: field.id for field in db.session.scalars(db.select(ClientField))}
    form = {
        "name": "Казань",
        "c-join": "all",
        "c.0-what": f"f{ids['Город']}",
        "c.0-op": "is",
        "c.0-value": "казань",
        "c.1-what": f"f{ids['Последняя покупка']}",
        "c.1-op": "before_days",
        "c.1-value": "90",
    }
    assert as_owner.post("/clients/segments/new", data=form).status_code == 303
    no = {"name": "Без согласия", "c-join": "all", "c.0-what": f"f{ids['Согласие']}", "c.0-op": "not_yes"}
    assert as_owner.post("/clients/segments/new", data=no).status_code == 303
    kazan, without = db.session.scalars(db.select(ClientFilter.id).order_by(ClientFilter.id))
    mailing = make_mailing(owner, audience=Audience.FILTER, segment_ids=[kazan], left_out_ids=[without])
    wanted = {f"c{n}@x.test" for n in range(3000) if n % 3 == 0 and n % 7 and n % 200 > 90 and n // 3 % 3 == 0}
    assert {client.email for client in db.session.scalars(audience.recipients(mailing))} == wanted
