"""axe-core finds nothing on any page, nothing scrolls sideways on a phone, and the console stays silent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.person import log_in, speak, start_import, upload
from tests.browser.service import Service
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
# Theme and width by language. On a phone words of both languages must fit; colours are the same in both.
LOOKS = {"Русский": [("light", 1280), ("dark", 360)], "English": [("dark", 1280)]}
PHONE = 360
PUBLIC = [
    "/", "/login", "/register", "/forgot", "/confirm/resend", "/blog", "/privacy", "/accessibility", "/nothing-here",
]  # fmt: skip
OWN = [
    "/dashboard", "/clients/", "/clients/?q=nobody", "/clients/new", "/clients/1", "/clients/1/edit",
    "/clients/filters/", "/messages", "/messages/new", "/messages/1", "/messages/1/edit",
    "/mailings", "/mailings/new", "/mailings/1", "/mailings/2/edit", "/mailings/2/send-now",
    "/mailings/1/runs/1", "/mailings/1/runs/1/deliveries/1", "/profile", "/profile/password", "/profile/email",
]  # fmt: skip
STAFF = {
    ("manager", "Русский"): ["/manager", "/mailings", "/mailings/1", "/clients/"],
    ("admin", "English"): ["/manager", "/messages", "/admin/"],
    ("editor", "Русский"): ["/admin/", "/admin/posts/", "/admin/posts/new/"],
}


@pytest.fixture(params=LOOKS)
def language(request: pytest.FixtureRequest) -> str:
    """Each language of the pages."""
    return str(request.param)


@pytest.fixture
def tab(visitors: Visitors) -> Page:
    """A window wide enough for the navigation at its side."""
    return visitors(viewport={"width": 1280, "height": 800}).new_page()


def test_public_pages(tab: Page, service: Service, language: str) -> None:
    tab.goto(service.site)
    speak(tab, language)
    ((slug,),) = service.rows("SELECT slug FROM blog_posts ORDER BY id LIMIT 1")
    ((token,),) = service.rows("SELECT token FROM clients ORDER BY id LIMIT 1")
    assert look_at_all(tab, service, [*PUBLIC, f"/blog/{slug}", f"/u/{token}"], language) == []


def test_pages_of_an_owner(tab: Page, service: Service, language: str) -> None:
    log_in(tab, service.site, *service.account("user"))
    speak(tab, language)
    assert look_at_all(tab, service, OWN, language) == []


@pytest.mark.parametrize(("role", "spoken"), STAFF)
def test_pages_of_staff(tab: Page, service: Service, role: str, spoken: str) -> None:
    log_in(tab, service.site, *service.account(role))
    speak(tab, spoken)
    assert look_at_all(tab, service, STAFF[role, spoken], spoken) == []


def test_what_comes_in_between(tab: Page, service: Service, tmp_path: Path) -> None:
    log_in(tab, service.site, *service.account("user"))
    file = tmp_path / "clients.csv"
    file.write_text("email,first name\nnew@example.test,Ann\nbroken,Bob\n")
    upload(tab, file)
    problems = look(tab, "the preview of an import", "English")
    assert start_import(tab)["Rejected"] == 1
    problems += look(tab, "the report of an import", "English")
    tab.get_by_role("button", name="Undo this import").click()
    expect(tab.get_by_role("dialog")).to_be_visible()
    problems += look(tab, "a question", "English")
    tab.get_by_role("dialog").get_by_role("button", name="Undo this import").click()
    expect(tab.locator("#import")).to_have_attribute("data-state", "undone")
    problems += look(tab, "a word of success", "English")
    tab.goto(f"{service.site}/mailings/new")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.locator(".error-summary")).to_be_visible()
    problems += look(tab, "a form with mistakes", "English")
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.get_by_role("button", name="Open the menu").click()
    problems += look(tab, "the menu", "English")
    assert problems == []


def look_at_all(page: Page, service: Service, paths: list[str], language: str) -> list[str]:
    """What is wrong with these pages."""
    problems = []
    for path in paths:
        page.goto(service.site + path)
        expect(page.locator("html")).to_have_attribute("lang", "en" if language == "English" else "ru")
        problems += look(page, path, language)
    return problems


def look(page: Page, name: str, language: str) -> list[str]:
    """What is wrong with the page as it stands, in the looks of the language."""
    problems = []
    for scheme, width in LOOKS[language]:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        show(page, width)
        where = f"{name} ({language}, {scheme}, {width} px)"
        problems += [f"{where}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations(page)]
    show(page, PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    return problems + ([f"{name} ({language}): {wide} px wide on a phone"] if wide > PHONE else [])


def show(page: Page, width: int) -> None:
    """Give the window a width, and the page time to settle in it and in its colours."""
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core has against the page. It is put in from outside, so the page's own policy stays in force."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_core())
    run = "axe.run(document, {preload: false, resultTypes: ['violations']})"
    found: list[dict[str, Any]] = page.evaluate(f"{run}.then((results) => results.violations)")
    return found


@cache
def axe_core() -> str:
    """The script, which `python -m launcher.assets` has placed."""
    return (ROOT / "tests" / "vendor" / "axe" / "axe.min.js").read_text("utf-8")
