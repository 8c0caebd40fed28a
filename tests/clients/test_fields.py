"""Own fields: what people write becomes a value of a type, by the form, by a file, and when the type changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mailer.clients.field_values import clean_as, proposed_type
from mailer.clients.refused import ValueRefused
from mailer.composing.placeholders import parse
from mailer.composing.value_forms import with_forms
from mailer.extensions import db
from mailer.models.client_field import ClientField, FieldType
from mailer.models.user import User
from tests.clients.conftest import Importer, live_clients
from tests.conftest import Browser
from tests.factories import make_client, save


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("number", "1 234,50 ₽", "1234.5"),
        ("number", "1,234,567", "1234567"),
        ("number", "1.234,5", "1234.5"),
        ("number", "-0.25", "-0.25"),
        ("number", "1000", "1000"),
        ("number", "$1,234.50", "1234.5"),
        ("date", "31.12.2026", "2026-12-31"),
        ("date", "2026-12-31 00:00:00", "2026-12-31"),
        ("date", "5 мая 2026 г.", "2026-05-05"),
        ("date", "1 May 2026", "2026-05-01"),
        ("boolean", "Да", "yes"),
        ("boolean", "0", "no"),
        ("text", " x ", "x"),
        ("number", "", ""),
    ],
)
def test_what_people_write_is_understood(kind: str, raw: str, text: str) -> None:
    assert clean_as(FieldType(kind), raw).text == text


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("number", "NaN", "not_a_number"),
        ("number", "1e9", "not_a_number"),
        ("number", "1" * 20, "number_too_long"),
        ("number", "12 34", "not_a_number"),
        ("date", "05/31/2026", "no_such_date"),
        ("date", "30.02.2026", "no_such_date"),
        ("date", "01.01.0001", "date_out_of_range"),
        ("date", "завтра", "not_a_date"),
        ("boolean", "может быть", "not_yes_or_no"),
        ("choice", "z", "not_a_choice"),
    ],
)
def test_what_is_no_value_is_refused_with_a_reason(kind: str, raw: str, code: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        clean_as(FieldType(kind), raw, ["a", "b"])
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2,5", "1 000"], "number"),
        (["01.02.2026", "2026-03-04"], "date"),
        (["да", "Нет"], "boolean"),
        (["007", "12"], "text"),
        (["+79001234567"], "text"),
        (["89001234567"], "text"),
        (["1", "x2"], "text"),
        ([], "text"),
    ],
)
def test_the_type_of_a_column_follows_from_its_values(cells: list[str], kind: str) -> None:
    assert proposed_type(cells) == kind


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ('{{ дата | "d MMMM" }}', "ru", "5 мая"),
        ('{{ дата | "MMMM d, yyyy" }}', "en", "May 5, 2026"),
        ("{{ дата }}", "ru", "05.05.2026"),
        ("{{ дата }}", "en", "May 5, 2026"),
        ("{{ сумма }}", "ru", "1\u00a0234,5"),
        ('{{ сумма | "#,##0.00" }}', "en", "1,234.50"),
        ("{{ да }}", "ru", "да"),
        ('{{ пусто | "скоро" }}', "ru", "скоро"),
        ('{{ пусто | "d MMMM" }}', "ru", ""),
        ("{{ текст }}", "ru", "2026-05-05"),
        ('{{ кривая | "d MMMM" }}', "ru", "x"),
    ],
)
def test_a_mail_writes_values_in_the_form_that_is_asked_for(text: str, language: str, shown: str) -> None:
    values = {"дата": "2026-05-05", "сумма": "1234.5", "да": "yes", "текст": "2026-05-05", "кривая": "x"}
    types = {"дата": "date", "сумма": "number", "да": "boolean", "пусто": "date", "кривая": "date"}
    assert with_forms(parse(text, None), types, language).render(values) == shown


def test_a_file_makes_typed_fields_and_fills_them_again(importer: Importer, owner: User, as_owner: Browser) -> None:
    file = (
        "email;Город;Покупка;Сумма;Звонить\na@example.test;Казань;01.02.2026;1 234,5;да\nb@example.test;Москва;;7;нет\n"
    )
    assert importer.run(file).created_count == 2
    fields = {field.key: field for field in db.session.scalars(db.select(ClientField).order_by(ClientField.position))}
    assert {key: field.type.value for key, field in fields.items()} == {
        "Город": "text",
        "Покупка": "date",
        "Сумма": "number",
        "Звонить": "boolean",
    }
    first, second = live_clients()
    assert first.attributes == {"Город": "Казань", "Покупка": "2026-02-01", "Сумма": "1234.5", "Звонить": "yes"}
    assert (first.d1, first.n1, first.b1) == (date(2026, 2, 1), Decimal("1234.5"), True)
    assert (second.d1, second.n1, second.b1) == (None, 7, False)
    done = importer.run("email;Покупка;Сумма\na@example.test;2026-03-01;\nc@example.test;не дата;1\n")
    assert (done.updated_count, done.rejected_count) == (1, 1)
    assert (live_clients()[0].d1, live_clients()[0].n1) == (date(2026, 3, 1), Decimal("1234.5"))
    exported = as_owner.get("/clients/export").text
    assert importer.run(exported).unchanged_count == 2


def test_the_form_of_a_client_has_an_input_for_each_field(as_owner: Browser, owner: User) -> None:
    bought = save(
        ClientField(owner_id=owner.id, key="bought", label="Bought", type=FieldType.DATE, slot="d1", is_listed=True)
    )
    level = save(
        ClientField(owner_id=owner.id, key="level", label="Level", type=FieldType.CHOICE, choices=["gold", "silver"])
    )
    old = save(ClientField(owner_id=owner.id, key="old", label="Old", archived_at=db.func.now()))
    client = make_client(owner, attributes={"old": "kept", "bought": "2025-01-01"})
    page = as_owner.get(f"/clients/{client.id}/edit").text
    assert 'type="date"' in page and 'value="2025-01-01"' in page and "kept" not in page
    data: dict[str, Any] = {"email": client.email, "version": 1, f"field_{bought.id}": "31.02.2026"}
    assert as_owner.post(f"/clients/{client.id}/edit", data=data).status_code == 422
    data |= {f"field_{bought.id}": "2026-02-03", f"field_{level.id}": "gold", "attributes": "City: Kazan"}
    assert as_owner.post(f"/clients/{client.id}/edit", data=data).status_code == 303
    db.session.expire_all()
    assert client.attributes == {"old": "kept", "bought": "2026-02-03", "level": "gold", "City": "Kazan"}
    assert client.d1 == date(2026, 2, 3)
    assert db.session.scalar(db.select(ClientField.type).filter_by(key="City")) is FieldType.TEXT
    later = make_client(owner, attributes={"bought": "2026-09-01"}, d1=date(2026, 9, 1))
    listed = as_owner.get(f"/clients/?sort=field-{bought.id}&order=desc").text
    assert listed.index(later.email) < listed.index(client.email)
    assert as_owner.get("/clients/?sort=field-999").status_code == 404
    assert old.label not in as_owner.get(f"/clients/{client.id}").text


def test_a_change_of_type_keeps_what_does_not_fit(as_owner: Browser, owner: User) -> None:
    field = save(ClientField(owner_id=owner.id, key="Сумма", label="Сумма"))
    for value in ("10", "1 000,5", "много"):
        make_client(owner, attributes={"Сумма": value})
    stranger_value = {"Сумма": "много"}
    path = f"/clients/fields/{field.id}/type"
    page = as_owner.get(path + "?type=number").text
    assert "много" in page
    assert as_owner.post(path, data={"type": "number"}).status_code == 303
    db.session.expire_all()
    numbers = [(client.n1, client.attributes) for client in live_clients()]
    kept = db.session.scalars(db.select(ClientField.key).where(ClientField.id != field.id)).one()
    assert numbers == [
        (Decimal(10), {"Сумма": "10"}),
        (Decimal("1000.5"), {"Сумма": "1000.5"}),
        (None, {kept: stranger_value["Сумма"]}),
    ]
    assert as_owner.post(path, data={"type": "text"}).status_code == 303
    db.session.expire_all()
    assert [client.n1 for client in live_clients()] == [None] * 3
    assert field.slot is None


def test_fields_are_made_put_in_order_and_archived(as_owner: Browser, as_stranger: Browser, owner: User) -> None:
    for label in ("City", "Level"):
        data = {"label": label, "type": "choice" if label == "Level" else "text", "choices": "a\nb\nA"}
        assert as_owner.post("/clients/fields/new", data=data).status_code == 303
    assert as_owner.post("/clients/fields/new", data={"label": "city", "type": "text"}).status_code == 422
    assert as_owner.post("/clients/fields/new", data={"label": "X", "type": "choice"}).status_code == 422
    city, level = db.session.scalars(db.select(ClientField).order_by(ClientField.position))
    assert level.choices == ["a", "b"]
    as_owner.post(f"/clients/fields/{level.id}/move", data={"to": "up"})
    as_owner.post(f"/clients/fields/{city.id}/edit", data={"label": "Town"})
    as_owner.post(f"/clients/fields/{level.id}/archive")
    db.session.expire_all()
    assert (level.position, city.position, city.label, city.key) == (1, 2, "Town", "City")
    assert level.archived_at is not None
    more = {"email": "a@example.test", "attributes": "level: b"}  # nearly the name of one that no form shows
    assert as_owner.post("/clients/new", data=more).status_code == 303
    assert as_stranger.post(f"/clients/fields/{city.id}/edit", data={"label": "Mine"}).status_code == 404
    assert "Town" not in as_stranger.get("/clients/fields/").text
