"""Files as spreadsheets, CRMs and mailing services write them: read without a touch to what was guessed."""

from __future__ import annotations

import html
import random
import re
from typing import Any

import pytest

from mailer.clients.importing.encoding import SINGLE_BYTE
from mailer.extensions import db
from mailer.models.client_import import ClientImport, ImportState
from tests.clients.conftest import Importer, form_on, live_clients
from tests.conftest import Browser

Facts = dict[str, Any]
LATIN_ROWS = "".join(f"a{n}@example.test;Anna\n" for n in range(21))
# What the file is, its bytes, and what is then known of its first client.
FILES: dict[str, tuple[bytes, Facts]] = {
    "separator named": ("sep=;\r\nemail;имя\r\nv@example.test;Вера\r\n".encode(), {"first_name": "Вера"}),
    "another one named": (b'"sep=|"\nemail|name|city\nv@example.test|Vera; Lev|Omsk\n', {"first_name": "Lev"}),
    "commas in the header": (
        "E-mail;ФИО (фамилия, имя, отчество)\ny@example.test;Котова Яна Игоревна\n".encode(),
        {"last_name": "Котова", "first_name": "Яна", "patronymic": "Игоревна"},
    ),
    "line breaks in the header": ('"Адрес\nпочты";"Имя\r\n"\nv@example.test;Вера\n'.encode(), {"first_name": "Вера"}),
    "tags of Mailchimp": (
        (
            '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_IP,LEID,TAGS\n'
            'm@example.test,Мила,Чижова,2,203.0.113.4,17,"""vip"",""Москва, центр"""\n'
        ).encode(),
        {"tags": ["vip", "Москва, центр"], "attributes": {}, "last_name": "Чижова"},
    ),
    "two columns for an address": (
        "Фамилия;Имя;Рабочий e-mail;E-mail для рассылок\nКотова;Яна;y@example.test;\n".encode(),
        {"email": "y@example.test", "attributes": {}},
    ),
    "address found by its cells": (
        "Адрес;Куда писать\nОмск, Мира 3;y@example.test\n".encode(),
        {"email": "y@example.test", "attributes": {"Адрес": "Омск, Мира 3"}},
    ),
    "contacts of Google": (
        "First Name,Last Name,E-mail 1 - Label,E-mail 1 - Value\nВера,Иванова,* Work,v@example.test\n".encode(),
        {"email": "v@example.test", "first_name": "Вера"},
    ),
    "a name and its parts": (
        b"Name,Given Name,Family Name,Email\nAnn Lee,Ann,Lee,a@example.test\n",
        {"first_name": "Ann", "last_name": "Lee"},
    ),
    "a name and empty parts": (
        b"Name,Given Name,Family Name,Email\nAnn Lee,,,a@example.test\n",
        {"first_name": "Lee", "last_name": "Ann"},
    ),
    "the same name twice": (
        b"email,City,City\na@example.test,Omsk,Perm\n",
        {"attributes": {"City": "Omsk", "City 2": "Perm"}},
    ),
    "columns beyond the header": (b"email,name\na@example.test,Ann,x\nb@example.test,Lev,y\n", {"first_name": "Ann"}),
    "short rows": ("email;имя;город\nl@example.test;Лев\nv@example.test;Вера;Тверь\n".encode(), {"first_name": "Лев"}),
    "titles above the header": (
        "Список клиентов на 01.02.2024;;\n;;\nE-mail;Имя;Город\nv@example.test;Вера;Тверь\n".encode(),
        {"first_name": "Вера", "attributes": {"Город": "Тверь"}},
    ),
    "a first client without address": (
        "Адрес почты;Имя\n;Лев\nv@example.test;Вера\n".encode(),
        {"first_name": "Вера"},
    ),
    "spaces before quotation marks": (
        b'email, name, city\nl@example.test, "Petrov, Lev" , Tver\n',
        {"attributes": {"city": "Tver"}},
    ),
    "a year with a fraction": ("email;год рождения\na@example.test;1985.0\n".encode(), {"birth_year": 1985}),
    "a date of birth": ("email;год рождения\na@example.test;01.02.1985\n".encode(), {"birth_year": 1985}),
    "the end-of-file sign of DOS": ("email;имя\r\nv@example.test;Вера\r\n\x1a".encode(), {"first_name": "Вера"}),
    "the same behind the last cell": ("email;имя\r\nv@example.test;Вера\x1a\0\0".encode(), {"first_name": "Вера"}),
    "one row in Mac Cyrillic": ("email;имя\nv@example.test;Вера\n".encode("mac-cyrillic"), {"first_name": "Вера"}),
    "accents of Windows": ("email;name\nc@example.test;François\n".encode("cp1252"), {"first_name": "François"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_as_it_was_meant(importer: Importer, problems: Any, kind: str) -> None:
    content, facts = FILES[kind]
    done = importer.run(content)
    assert done.state is ImportState.DONE
    client = live_clients()[0]
    assert {name: getattr(client, name) for name in facts} == facts
    assert problems(done) == ([(2, "email", "address_missing")] if "without address" in kind else [])


@pytest.mark.parametrize("encoding", SINGLE_BYTE)
def test_encodings_of_one_byte_are_told_apart(importer: Importer, encoding: str) -> None:
    names = ["Вера", "Щукина Анна", "Пётр Ёлкин", "Яна", "Юлия", "Наталья Сергеевна"]
    if encoding in ("cp1252", "mac-roman"):
        names = ["Zoë Müller", "José García", "François", "Großmann", "São Paulo", "Åsa"]
    elif encoding == "cp1250":
        names = ["Dvořák", "Łukasz Żółć", "Škoda", "Jiří", "Małgorzata"]
    rows = (f"a{n}@example.test;{name}\n" for n, name in enumerate(names))
    importer.run(
        ("email;фио\n" if names[0] == "Вера" else "email;name\n").encode(encoding) + "".join(rows).encode(encoding)
    )
    assert [client.full_name for client in live_clients()] == names  # fmt: skip


def test_utf8_with_a_bad_byte_stays_utf8(importer: Importer, problems: Any) -> None:
    text = f"email;first_name\n{LATIN_ROWS}v@example.test;Вера\n".encode() + b"c@example.test;Caf\xe9\n"
    done = importer.run(text)
    assert problems(done) == [(24, "first_name", "undecodable")]
    assert live_clients()[-1].first_name == "Вера"


def test_the_choice_of_encodings_shows_the_words_they_differ_about(importer: Importer) -> None:
    rows = "".join(f"a{n}@example.test;Anna\n" for n in range(50_000))
    answer = importer.upload((f"email;name\n{rows}v@example.test;Вера\n").encode("koi8-r"))
    page = " ".join(html.unescape(importer.web.get(answer.location).text).split())
    assert "KOI8-R: Вера" in page and "Windows-1251: чЕТБ" in page


def test_a_row_that_differs_is_among_those_shown(importer: Importer) -> None:
    answer = importer.upload(f"email;name\n{LATIN_ROWS}{LATIN_ROWS.replace('@', '.x@')}v@example.test;Вера\n")
    page = re.sub(r">\s+<", "><", importer.web.get(answer.location).text)
    assert "<td>44</td><td>v@example.test</td><td>Вера</td>" in page


def test_a_header_that_cannot_be_read_is_said(importer: Importer) -> None:
    answer = importer.upload('"email"x;имя\nv@example.test;Вера\n')
    page = importer.web.get(answer.location).text
    assert "Строка 1" in page and "<td>v@example.test</td>" in page
    started = importer.web.post(answer.location, data=form_on(page))
    assert started.status_code == 303


def test_another_row_can_be_chosen_for_the_header(importer: Importer) -> None:
    text = "Имя;Город;E-mail\nКак звать;Где живёт;Почта\nВера;Тверь;v@example.test\n"
    importer.run(text, {"header": "2"})
    assert live_clients()[0].attributes == {"Как звать": "Вера", "Где живёт": "Тверь"}


def test_a_wide_export_shows_what_has_values_and_can_be_started(importer: Importer) -> None:
    header = ["Email", *(f"Column {n}" for n in range(1, 160))]
    row = ["a@example.test", *("x" if n % 2 else "" for n in range(1, 160))]
    answer = importer.upload("\n".join(",".join(cells) for cells in (header, row)) + "\n")
    page = importer.web.get(answer.location).text
    assert ">Column 3</th>" in page and ">Column 2</th>" not in page
    assert 'name="column-2"' in page[page.index('id="empty-columns"') :]
    form = form_on(page)
    assert [form[f"column-{place}"] for place in (0, 1, 2)] == ["email", "attribute", "ignore"]
    assert importer.web.post(answer.location, data=form).status_code == 303
    assert len([name for name in form.values() if name == "attribute"]) == 50


WORDS = (
    "email",
    "E-mail",
    "Адрес",
    "имя",
    "ФИО",
    "Name",
    "name",
    "City",
    "City",
    "",
    "год",
    "TAGS",
    "id",
    "статус: да",
)
CELLS = ("a@example.test", "", "Анна", "1985", "2024-01-01 10:00:00", "x" * 60, '"q"', "203.0.113.4")


@pytest.mark.parametrize("seed", range(12))
def test_what_is_guessed_can_always_be_started(importer: Importer, seed: int) -> None:
    dice = random.Random(seed)
    width = dice.randint(2, 70)
    table = [[dice.choice(WORDS) for _ in range(width)]]
    table += [[dice.choice(CELLS).replace('"', '""') for _ in range(width)] for _row in range(5)]
    table[1][dice.randrange(width)] = "b@example.test"
    address, form = importer.preview("\n".join(";".join(f'"{cell}"' for cell in row) for row in table))
    assert importer.web.post(address, data=form).status_code == 303
    assert db.session.scalars(db.select(ClientImport)).one().state is ImportState.QUEUED


def test_tags_with_commas_survive_the_export_and_the_form(importer: Importer, as_owner: Browser) -> None:
    importer.run('email,tags\na@example.test,"vip,""Москва, центр"""\n')
    exported = as_owner.get("/clients/export").data
    client = live_clients()[0]
    form = html.unescape(as_owner.get(f"/clients/{client.id}/edit").text)
    assert 'value="vip, "Москва, центр""' in form
    client.tags = []
    db.session.commit()
    importer.run(exported)
    assert live_clients()[0].tags == ["vip", "Москва, центр"]
