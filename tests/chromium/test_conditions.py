"""The builder of conditions under quick fingers: the server redraws its rows, and nobody waits for that."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.chromium.conftest import Service, log_in, sample_account

pytestmark = pytest.mark.browser


class HeldBack:
    """The builder's requests wait until they are let go; the number of people is answered."""

    def __init__(self, page: Page, path: str) -> None:
        self.is_holding, self.held = True, list[Route]()
        page.route(f"**{path}", self._hold)

    def _hold(self, route: Route) -> None:
        if self.is_holding and route.request.method == "POST":
            self.held.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        """These, and those that follow."""
        self.is_holding = False
        for route in self.held:
            route.continue_()


def test_what_is_typed_and_pressed_while_a_row_is_redrawn_stays(page: Page, service: Service) -> None:
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/clients/segments/new")
    page.locator("[id='do-add-c']").click()
    page.locator("[id='c.0-what']").select_option("first_name")
    value = page.locator("[id='c.0-value']")
    expect(value).to_be_visible()
    redrawing = HeldBack(page, "/clients/segments/new")
    page.locator("[id='c.0-op']").select_option("starts")
    value.click()
    page.keyboard.type("Анна")
    page.locator("[id='do-add-c']").click()
    value.click()
    page.keyboard.press("End")
    page.keyboard.type("-Ма")
    assert len(redrawing.held) == 1, "one is asked for at a time"
    redrawing.let_go()
    expect(page.locator(".segment-row")).to_have_count(2)
    expect(page.locator("[id='c.0-op']")).to_have_value("starts")
    expect(value).to_have_value("Анна-Ма")
    expect(value).to_be_focused()
    page.keyboard.type("рия")
    expect(value).to_have_value("Анна-Мария")
