"""The guide for people who send: whole in both languages, and its words are those of the product."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from mailer.guide import pages
from mailer.guide.pages import FOLDER, ORDER
from tests.conftest import ROOT, Browser

LANGUAGES = ("ru", "en")
BOLD = re.compile(r"\*\*(.+?)\*\*")
CATALOGUE = ROOT / "mailer" / "translations" / "ru" / "LC_MESSAGES" / "messages.po"
PICTURE = re.compile(r"pictures/[a-z-]+\.webp")
MOST_BYTES = 3 * 2**20


def texts_of_the_product(language: str) -> set[str]:
    """Every text of the pages, in that language."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    found = [message.string if language == "ru" else message.id for message in messages]
    return {form for each in found for form in ([each] if isinstance(each, str) else each or ())}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_bold_stands_on_the_pages(language: str) -> None:
    known = texts_of_the_product(language)
    for name in ORDER:
        bold = set(BOLD.findall((FOLDER / language / f"{name}.md").read_text()))
        assert bold - known == set(), name


def test_there_are_as_many_texts_in_both_languages() -> None:
    for name in ORDER:
        russian, english = (pages.page(language, name) for language in LANGUAGES)
        assert len(russian.sections) == len(english.sections), name
        shown = [set(PICTURE.findall((FOLDER / language / f"{name}.md").read_text())) for language in LANGUAGES]
        assert shown[0] == shown[1], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_and_every_link_in_it_leads_somewhere(app: Flask, language: str) -> None:
    web = app.test_client()
    web.post("/language", data={"language": language, "next": "/"})
    assert {f"{name}.md" for name in ORDER} == {file.name for file in (FOLDER / language).glob("*.md")}
    for name in ORDER:
        page = web.get(f"/help/{name}").text
        assert f'<html lang="{language}"' in page
        assert pages.page(language, name).title in page
        for target in re.findall(r'(?:href|src)="(/help/[^"]+)"', page):
            path, _, anchor = target.partition("#")
            answer = web.get(path)
            assert answer.status_code == 200, target
            assert not anchor or f'id="{anchor}"' in answer.text, target
            answer.close()


@pytest.mark.parametrize(
    "path", ["/help/nothing", "/help/../README", "/help/pictures/de/run.webp", "/help/pictures/ru/x.webp"]
)
def test_nothing_else_is_there(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


def test_forms_lead_to_the_page_that_tells_of_them(as_owner: Browser) -> None:
    for path, name in (
        ("/mailings/new", "first-mailing"),
        ("/clients/import/", "clients"),
        ("/messages/new", "messages"),
    ):
        assert f'href="/help/{name}"' in as_owner.get(path).text, path


def test_pictures_are_small_and_each_is_shown() -> None:
    files = list(FOLDER.glob("*/pictures/*"))
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    shown = {
        f"{language}/{picture}"
        for language in LANGUAGES
        for name in ORDER
        for picture in PICTURE.findall((FOLDER / language / f"{name}.md").read_text())
    }
    assert shown == {str(Path(file).relative_to(FOLDER)) for file in files}
