"""The language and the time zone of clients: from files in anybody's words, and out again as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.clients.fields import create_field
from mailer.clients.locales import clean_language, clean_zone
from mailer.clients.refused import ValueRefused
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.models.client_field import FieldType
from mailer.models.client_import import ClientImport
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.scope import ConditionRefused, scope_of
from mailer.segments.words import Names, in_words
from tests.clients.conftest import Importer, live_clients
from tests.conftest import Browser
from tests.factories import make_client, save

LANGUAGES = {
    "ru": "ru RU ru-RU ru_RU rus русский Русский РУ рус рус. по-русски Russian ru_RU.UTF-8 ru_RU.KOI8-R"
    "|Russian_Russia.1251|Русский язык|Russian (Russia)|Russian language",
    "en": "en en-GB eng English английский англ. en_US.UTF-8 en_US@euro|English (US)",
    "uk": "uk ua UKR українська украинский Ukrainian",
    "kk": "kk kaz kz казахский Kazakh",
}
ZONES = {
    "Europe/Moscow": [
        "Москва",
        "moscow",
        "Europe/Moscow",
        "МСК",
        "msk",
        "Москва (UTC+3)",
        "МСК+0",
        "MSK",
        "Russian Standard Time",
    ],
    "Asia/Yekaterinburg": ["МСК+2", "мск +2", "Екатеринбург", "Ekaterinburg Standard Time", "(UTC+05:00) Ekaterinburg"],
    "Europe/Berlin": ["W. Europe Standard Time", "w. europe standard time"],
    "Asia/Kolkata": ["Asia/Calcutta", "asia/calcutta", "India Standard Time", "(UTC+05:30) Chennai, Kolkata, Mumbai"],
    "Europe/Kyiv": ["Europe/Kiev", "Europe/Kyiv", "FLE Standard Time"],
    "Europe/Kaliningrad": ["МСК-1", "МСК−1"],
    "Asia/Vladivostok": ["Владивосток", "MSK+7", "asia/vladivostok"],
    "Etc/GMT-3": ["UTC+3", "GMT+3", "utc +03:00", "+03:00", "UTC+03"],  # the IANA name counts the other way round
    "Etc/GMT+5": ["UTC-5", "UTC−5", "GMT-05:00"],
    "UTC": ["UTC", "UTC+0", "GMT+00:00"],
}


def test_a_language_is_read_however_it_is_written() -> None:
    for code, words in LANGUAGES.items():
        for written in (*words.partition("|")[0].split(), *words.split("|")[1:]):
            assert clean_language(written) == code, written
    assert clean_language(" ") == ""
    for written in ("клингонский", "ja", "r", "русский, английский", "0", "x" * 10_000):
        with pytest.raises(ValueRefused, match="language_unknown"):
            clean_language(written)


def test_a_zone_is_read_however_it_is_written() -> None:
    for zone, words in ZONES.items():
        for written in words:
            assert clean_zone(written) == zone, written
    assert clean_zone("  ") == ""
    for written in (
        "Атлантида",
        "UTC+15",
        "UTC-13",
        "МСК+10",
        "UTC+5:30",
        "Mars Standard Time",
        "(UTC+01:00) Amsterdam, Berlin",
        "3",
        "Factory",
        "../etc/passwd",
        "x" * 10_000,
    ):
        with pytest.raises(ValueRefused, match="zone_unknown"):
            clean_zone(written)


def test_a_file_brings_both_and_a_row_that_says_neither_comes_without(
    importer: Importer, owner: User, problems: Callable[[ClientImport], list[tuple[int, str, str]]]
) -> None:
    make_client(owner, "known@example.test", language="de", timezone="Europe/Berlin")
    done = importer.run(
        "Почта;Язык;Часовой пояс\n"
        "a@example.test;русский;МСК+2\n"
        "b@example.test;Klingon;Атлантида\n"
        "c@example.test;en-GB;\n"
        "known@example.test;;Лондон\n"
    )
    assert (done.created_count, done.updated_count, done.rejected_count) == (3, 1, 0)
    found = {client.email[0]: (client.language, client.timezone) for client in live_clients()}
    assert found == {
        "a": ("ru", "Asia/Yekaterinburg"),
        "b": ("", ""),
        "c": ("en", ""),
        "k": ("de", "Europe/London"),  # an empty cell wipes out nothing
    }
    assert problems(done) == [(3, "language", "language_unknown"), (3, "timezone", "zone_unknown")]
    page = importer.web.get(f"/clients/import/{done.id}").text
    assert "Klingon" in page and "UTC+3" in page


@pytest.mark.parametrize(
    ("header", "cells", "target"),
    [
        ("Пишем на", ["русский", "English"], "language"),  # by what stands there
        ("Locale", ["ru_RU", "en_GB"], "language"),
        ("Страна", ["de", "fr"], "attribute"),  # countries, perhaps
        ("Язык", ["Python", "Java"], "attribute"),
        ("Регион", ["Europe/Moscow", "Asia/Omsk"], "timezone"),
        ("TIMEZONE", ["Europe/Moscow", ""], "timezone"),
        ("Город", ["Москва", "Омск"], "attribute"),
    ],
)
def test_a_column_is_known_by_its_name_or_by_what_cannot_be_else(
    importer: Importer, header: str, cells: list[str], target: str
) -> None:
    rows = "".join(f"{place}@example.test;{cell}\n" for place, cell in enumerate(cells))
    _address, form = importer.preview(f"email;{header}\n{rows}")
    assert form["column-1"] == target


def test_what_is_exported_comes_back_even_beside_an_own_field_of_that_name(
    importer: Importer, as_owner: Browser, owner: User
) -> None:
    create_field(owner, "Язык", FieldType.TEXT)
    create_field(owner, "Часовой пояс", FieldType.TEXT)
    own = {"Язык": "суахили", "Часовой пояс": "местный"}
    client = make_client(owner, "a@example.test", language="kk", timezone="Asia/Almaty", attributes=own)
    file = as_owner.get("/clients/export").data
    client.language = client.timezone = ""
    client.attributes = {}
    save(client)
    assert importer.run(file).updated_count == 1
    (back,) = live_clients()
    assert (back.language, back.timezone, back.attributes) == ("kk", "Asia/Almaty", own)


def chosen(owner: User, node: dict[str, Any]) -> str:
    """First letters of those who meet the condition."""
    condition = condition_of({"v": 1, "all": [node]}, scope_of(owner))
    query = db.select(Client.email).where(Client.owner_id == owner.id, condition).order_by(Client.email)
    return "".join(email[0] for email in db.session.scalars(query))


def test_segments_ask_for_language_and_zone(owner: User) -> None:
    for name, language, zone in (
        ("anna", "ru", "Europe/Moscow"),
        ("boris", "en", "Asia/Calcutta"),
        ("clara", "", ""),
        ("dora", "de", "Asia/Kolkata"),
    ):
        make_client(owner, f"{name}@x.test", language=language, timezone=zone)
    for field, op, value, who in (
        ("language", "is", "ru", "a"),
        ("language", "one_of", ["en", "de"], "bd"),
        ("language", "is_not", "ru", "bcd"),  # not known is not Russian
        ("language", "none_of", ["ru", "en"], "cd"),
        ("language", "empty", None, "c"),
        ("language", "filled", None, "abd"),
        ("timezone", "is", "Asia/Kolkata", "bd"),  # one zone by its former and its present name
        ("timezone", "none_of", ["Europe/Moscow", "Asia/Calcutta"], "c"),
        ("timezone", "empty", None, "c"),
    ):
        node = {"field": field, "op": op} | ({} if value is None else {"value": value})
        assert (field, op, chosen(owner, node)) == (field, op, who)
        if value is not None:
            rest = "".join(letter for letter in "abcd" if letter not in who)
            assert chosen(owner, {"not": node}) == rest
    refused: tuple[tuple[str, str, Any], ...] = (
        ("language", "is", "tlh"),
        ("language", "one_of", ["ru", "' OR 1=1 --"]),
        ("language", "contains", "r"),
        ("timezone", "is", "Mars/Olympus"),
        ("timezone", "is", 3),
    )
    for name, op, wrong in refused:
        with pytest.raises(ConditionRefused):
            chosen(owner, {"field": name, "op": op, "value": wrong})


def test_their_words_are_those_of_the_reader(app: Flask) -> None:
    tree = {
        "v": 1,
        "all": [
            {"field": "language", "op": "none_of", "value": ["ru", "en"]},
            {"field": "timezone", "op": "is", "value": "Asia/Vladivostok"},
            {"field": "timezone", "op": "empty"},
        ],
    }
    words = {
        "ru": "Язык — не русский или английский и Часовой пояс — Владивосток и Часовой пояс: неизвестно",
        "en": "Language is not Russian or English and Time zone is Vladivostok and Time zone is not known",
    }
    for language, said in words.items():
        with app.test_request_context(), force_locale(language):
            assert in_words(tree, Names()) == said


def test_the_builder_offers_languages_by_name_and_takes_a_city(as_owner: Browser, owner: User) -> None:
    make_client(owner, "vera@x.test", language="en", timezone="Asia/Vladivostok")
    rows = {"c.0-what": "language", "c.0-op": "one_of", "c.0-values": ["en", "kk"], "c.1-what": "timezone"}
    zone = {"c.1-op": "is", "c.1-value": "владивосток"}
    wrong = as_owner.post(
        "/clients/segments/new", data={"name": "x"} | rows | {"c.1-op": "is", "c.1-value": "Атлантида"}
    )
    assert wrong.status_code == 422 and 'id="c.1-error"' in wrong.text and 'value="Атлантида"' in wrong.text
    assert "английский, казахский" in wrong.text and "c.1-zones" in wrong.text
    assert as_owner.post("/clients/segments/new", data={"name": "x"} | rows | zone).status_code == 303
    segment = db.session.scalars(db.select(ClientFilter)).one()
    assert segment.tree == {
        "v": 1,
        "all": [
            {"field": "language", "op": "one_of", "value": ["en", "kk"]},
            {"field": "timezone", "op": "is", "value": "Asia/Vladivostok"},
        ],
    }
    assert 'value="Владивосток (UTC+10)"' in as_owner.get(f"/clients/segments/{segment.id}").text
    several = {"c.1-op": "one_of", "c.1-value": "Москва; Владивосток"}
    assert 'data-found="1"' in as_owner.post("/clients/segments/preview", data=rows | several).text
    assert "vera@x.test" in as_owner.get(f"/clients/?filter={segment.id}").text


def test_a_fixed_offset_is_exported_as_people_read_it_and_comes_back(
    importer: Importer, as_owner: Browser, owner: User
) -> None:
    zones = {"a": "Etc/GMT-3", "b": "Etc/GMT+11", "c": "Asia/Omsk", "d": "", "e": "UTC"}
    for name, zone in zones.items():
        make_client(owner, f"{name}@example.test", timezone=zone)
    file = as_owner.get("/clients/export").data
    written = file.decode("utf-8-sig")
    assert "UTC+03:00" in written and "UTC-11:00" in written and "Etc/" not in written
    for client in live_clients():
        client.timezone = "Europe/London"
        save(client)
    assert importer.run(file).updated_count == 4
    back = {client.email[0]: client.timezone for client in live_clients()}
    assert back == zones | {"d": "Europe/London"}  # an empty cell wipes out nothing
