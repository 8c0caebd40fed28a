"""What a person does on the pages: finds links, buttons and fields by their words and uses them."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PASSWORD = "three words and a dove"
PAST = "2026-01-01T09:00"  # a start long ago: such a mailing is sent at once


def speak(page: Page, language: str) -> None:
    """Use the page's own switch: "English" or "Русский"."""
    menu = page.get_by_role("button", name=re.compile("Open the menu|Открыть меню")).locator("visible=true")
    if menu.count():
        menu.click()
    switch = page.get_by_role("button", name=language, exact=True)
    if switch.get_attribute("aria-pressed") == "true":
        page.keyboard.press("Escape")
    else:
        switch.click()
        expect(page.locator("html")).to_have_attribute("lang", "en" if language == "English" else "ru")


def log_in(page: Page, site: str, email: str, password: str = PASSWORD) -> None:
    """From the home page to the dashboard, in English."""
    page.goto(site)
    speak(page, "English")
    page.get_by_role("banner").get_by_role("link", name="Log in").click()
    fill_in_login(page, email, password)
    speak(page, "English")  # an account speaks its own language


def fill_in_login(page: Page, email: str, password: str) -> None:
    """On the log-in page; ends at the dashboard."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/dashboard")


def go_to(page: Page, place: str) -> None:
    """Use the navigation: "Mailings", "Clients", "Messages"."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(place)


def upload(page: Page, file: Path) -> None:
    """Choose a file of clients; ends at its preview."""
    go_to(page, "Clients")
    page.get_by_role("main").get_by_role("link", name=re.compile("^Import")).first.click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()


def start_import(page: Page) -> dict[str, int]:
    """Agree to the preview and wait, without a reload, for the report: its figures."""
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#import")).to_have_attribute("data-state", "done", timeout=120_000)
    tiles = page.locator("#import .figure-tile").all()
    return {tile.locator("dt").inner_text(): as_number(tile.locator("dd")) for tile in tiles}


def write_message(page: Page, subject: str, html: str) -> None:
    """A new message; ends on its page."""
    go_to(page, "Messages")
    page.get_by_role("main").get_by_role("link", name=re.compile("^(New|Write a) message")).first.click()
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Formatted text (HTML)").fill(html)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/messages/\d+$"))


def schedule(page: Page, name: str, start: str = PAST) -> None:
    """A mailing of the newest message to everyone; ends on its page."""
    go_to(page, "Mailings")
    page.get_by_role("main").get_by_role("link", name=re.compile("mailing$")).first.click()
    page.get_by_label("Name of the mailing").fill(name)
    page.get_by_label("Message").select_option(index=1)
    page.get_by_label("Start", exact=True).fill(start)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/mailings/\d+$"))


def shown_figures(page: Page) -> dict[str, int]:
    """The figures of the run on the page, by outcome, with "planned"."""
    return {str(one.get_attribute("data-figure")): as_number(one) for one in page.locator("[data-figure]").all()}


def as_number(place: Locator) -> int:
    """A number as a page writes it, without what parts its thousands."""
    return int(re.sub(r"\D", "", place.inner_text()))
