"""Each role at its work: a person with a second factor and two devices, a manager who stops things, an admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium.conftest import Service, log_in, sample_account

pytestmark = pytest.mark.browser
OpenTab = Callable[..., Page]


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """Opens a browser of its own for somebody."""
    contexts = []

    def open_tab(width: int = 1280, language: str = "ru", scheme: Literal["light", "dark"] = "light") -> Page:
        context = chromium.new_context(
            bypass_csp=True, viewport={"width": width, "height": 800}, locale=language, color_scheme=scheme
        )
        contexts.append(context)
        return context.new_page()

    yield open_tab
    for context in contexts:
        context.close()


def test_a_second_factor_is_set_up_used_and_a_device_signed_out(open_tab: OpenTab, service: Service) -> None:
    email, password = sample_account(service, "editor")
    desk = open_tab()
    log_in(desk, service, email, password)
    desk.goto(f"{service.site}/profile/second-factor")
    desk.fill("[name=code]", pyotp.TOTP(desk.locator("main code").inner_text()).now())
    desk.fill("[name=password]", password)
    desk.locator("main form button[type=submit]").click()
    shown = desk.locator(".recovery-codes code")
    expect(shown).to_have_count(10)  # a page is read as it arrives
    codes = shown.all_inner_texts()
    phone = open_tab(360)
    phone.goto(f"{service.site}/login")
    phone.fill("[name=email]", email)
    phone.fill("[name=password]", password)
    phone.click("main form button[type=submit]")
    phone.wait_for_url("**/login/code*")
    phone.fill("[name=code]", codes[0])
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/dashboard")
    desk.goto(f"{service.site}/profile/sessions")
    desk.locator("form[action$='/end'] button").first.click()
    desk.wait_for_load_state()
    assert phone.goto(f"{service.site}/profile") is not None
    assert "/login" in phone.url
    service.rows("DELETE FROM second_factors")


def test_a_manager_blocks_and_an_administrator_reads_of_it(open_tab: OpenTab, service: Service) -> None:
    user, manager, admin = open_tab(), open_tab(), open_tab()
    email, password = sample_account(service, "user")
    log_in(user, service, email, password)
    log_in(manager, service, *sample_account(service, "manager"))
    log_in(admin, service, *sample_account(service, "admin"))
    ((user_id,),) = service.rows("SELECT id FROM users WHERE email = %s", email)
    manager.goto(f"{service.site}/manager/users/{user_id}")
    manager.fill("#block [name=reason]", "Купленная база")
    manager.locator("#block button[type=submit]").click()
    manager.locator("#confirm-dialog [data-confirm-yes]").click()
    manager.wait_for_selector("form[action$='/unblock']")
    user.goto(f"{service.site}/dashboard")
    assert "/login" in user.url
    admin.goto(f"{service.site}/manager/journal?action=blocked")
    assert "Купленная база" in admin.locator("main").inner_text()
    manager.locator("form[action$='/unblock'] button").click()
    manager.locator("#confirm-dialog [data-confirm-yes]").click()
    manager.wait_for_selector("#block")
    log_in(user, service, email, password)
