"""Everything without a mouse: Tab, arrows, Space, Enter and letters."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.service import Service

pytestmark = pytest.mark.browser


def test_the_keyboard_is_enough_to_log_in_and_make_a_mailing(page: Page, service: Service) -> None:
    email, password = service.account("user")
    service.rows("UPDATE users SET language = 'en' WHERE email = %s", email)
    page.goto(f"{service.site}/login")
    tab_to(page, page.locator("[name=email]"))
    page.keyboard.type(email)
    tab_to(page, page.locator("[name=password]"))
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")

    page.keyboard.press("Tab")  # the first stop of every page leads past the navigation
    skip = page.locator(":focus")
    expect(skip).to_have_attribute("href", "#content")
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()

    page.goto(f"{service.site}/mailings")
    tab_to(page, page.get_by_role("main").get_by_role("link", name="New mailing"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/mailings/new")
    fill_in_the_mailing(page)
    tab_to(page, page.get_by_role("button", name="Save", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/mailings/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Without a mouse")
    expect(page.locator("#mailing-live")).to_contain_text("2030")

    delete = page.get_by_role("button", name="Delete", exact=True)
    tab_to(page, delete)
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")  # thought better of it
    expect(dialog).to_be_hidden()
    expect(delete).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, dialog.get_by_role("button", name="Delete"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/mailings")


def fill_in_the_mailing(page: Page) -> None:
    """The name, the message from its list, who gets it, and the start part by part."""
    tab_to(page, page.get_by_label("Name of the mailing"))
    page.keyboard.type("Without a mouse")
    tab_to(page, page.get_by_label("Message"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("radio", name="Everyone"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="tag")).to_be_checked()
    tab_to(page, page.get_by_role("checkbox").locator("visible=true").first)
    page.keyboard.press("Space")
    start = page.get_by_label("Start", exact=True)
    tab_to(page, start)
    page.keyboard.type("01012030")  # the same day whichever of day and month comes first
    page.keyboard.press("ArrowRight")
    page.keyboard.type("1030A")
    expect(start).to_have_value("2030-01-01T10:30")
    expect(page.locator("#moments")).to_contain_text("2030")


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until the focus is there, and seen to be there."""
    for _press in range(80):
        if place.evaluate("element => element === document.activeElement"):
            expect(place).to_be_in_viewport()
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {place} on {page.url}")
