"""The language and the time zone of clients: from files in anybody's words, and out again as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailer.clients.fields import create_field
from mailer.clients.locales import clean_language, clean_zone
from mailer.clients.refused import ValueRefused
from mailer.models.client_field import FieldType
from mailer.models.client_import import ClientImport
from mailer.models.user import User
from tests.clients.conftest import Importer, live_clients
from tests.conftest import Browser
from tests.factories import make_client, save

LANGUAGES = {
    "ru": "ru RU ru-RU ru_RU rus русский Русский рус. по-русски Russian|Русский язык|Russian (Russia)|Russian language",
    "en": "en en-GB eng English английский англ.|English (US)",
    "uk": "uk ua UKR українська украинский Ukrainian",
    "kk": "kk kaz kz казахский Kazakh",
}
ZONES = {
    "Europe/Moscow": ["Москва", "moscow", "Europe/Moscow", "МСК", "msk", "Москва (UTC+3)", "МСК+0"],
    "Asia/Yekaterinburg": ["МСК+2", "мск +2", "Екатеринбург"],
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
