"""Words on the pages: numbers grouped alike, times as people say them, the language that the browser asks for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale, ngettext

from mailer.http import accusative, relative
from tests.conftest import ROOT, Browser


@pytest.mark.parametrize(("language", "shown"), [("ru", "12\xa0345 клиентов"), ("en", "12,345 clients")])
def test_counts_in_sentences_are_grouped(app: Flask, language: str, shown: str) -> None:
    page = app.jinja_env.from_string("{{ ngettext('%(num)s client deleted.', '%(num)s clients deleted.', 12345) }}")
    with app.test_request_context(), force_locale(language):
        said = ngettext("%(num)s client deleted.", "%(num)s clients deleted.", 12345)
        assert shown in said and shown in page.render()
        assert "1" in ngettext("%(num)s client deleted.", "%(num)s clients deleted.", 1)


def test_years_and_codes_are_not_grouped(app: Flask) -> None:
    page = app.jinja_env.from_string("{{ _('born in %(year)s or later', year=1985) }}")
    with app.test_request_context(), force_locale("ru"):
        assert "1985" in page.render()


@pytest.mark.parametrize(
    ("distance", "russian", "english"),
    [
        (timedelta(weeks=-1), "неделю назад", "1 week ago"),
        (timedelta(weeks=1), "через неделю", "in 1 week"),
        (timedelta(days=-14), "2 недели назад", "2 weeks ago"),
        (timedelta(days=-21 * 30), "2 года назад", "2 years ago"),
        (timedelta(milliseconds=-200), "сейчас", "now"),
    ],
)
def test_distances_in_time_are_said_as_people_do(app: Flask, distance: timedelta, russian: str, english: str) -> None:
    with app.test_request_context():
        with force_locale("ru"):
            assert relative(distance) == russian
        with force_locale("en"):
            assert relative(distance) == english


@pytest.mark.parametrize(
    ("distance", "russian", "english"),
    [
        (timedelta(minutes=1), "1 минуту", "1 minute"),
        (61, "1 минуту", "1 minute"),
        (21, "21 секунду", "21 seconds"),
        (0, "0 секунд", "0 seconds"),
    ],
)
def test_stretches_of_time_are_bent(app: Flask, distance: timedelta | int, russian: str, english: str) -> None:
    with app.test_request_context():
        with force_locale("ru"):
            assert accusative(distance) == russian
        with force_locale("en"):
            assert accusative(distance) == english


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("ru,en;q=0.5", "ru"),
        ("de,en;q=0.5", "en"),
        ("de", "ru"),
        ("", "ru"),
        ("x" * 9000, "ru"),
    ],
)
def test_a_visitor_reads_what_the_browser_asks_for(web: Browser, asked: str, language: str) -> None:
    page = web.get("/", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}"' in page
    web.post("/language", data={"language": "ru", "next": "/"})
    assert '<html lang="ru"' in web.get("/", headers={"Accept-Language": asked}).text


def test_english_counts_emails(app: Flask) -> None:
    """One word for one thing: an email; "mail" is what servers, programs and catchers are for."""
    catalogue = read_po((ROOT / "mailer/translations/ru/LC_MESSAGES/messages.po").open("rb"))
    texts = [text for one in catalogue for text in ((one.id,) if isinstance(one.id, str) else one.id)]
    odd = re.compile(
        r"\be-mails?\b|\bmails\b|\b(an?|each|every|one|num\)s) mail\b(?! (server|catcher|program))", re.IGNORECASE
    )
    assert [text for text in texts if odd.search(text)] == []
