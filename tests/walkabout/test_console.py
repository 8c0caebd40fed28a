"""What the pages write on the console of Chromium: a sample of them, as some of the people."""

from __future__ import annotations

from random import Random

import pytest
from playwright.sync_api import BrowserContext

from tests.walkabout.conftest import Town

pytestmark = [pytest.mark.walkabout, pytest.mark.browser]
PAGES = 12


@pytest.mark.parametrize("role", ["anonymous", "user", "admin"])
def test_the_console_stays_empty(town: Town, context: BrowserContext, role: str) -> None:
    accounts = town.accounts()
    has_account = role in accounts
    walk = town.walk(role, *accounts.get(role, ("nobody@walkabout.test", "none")), has_account=has_account)
    walk.wander("/dashboard" if has_account else "/")
    first_of_route = {str(walk.match("GET", path)[0]): path for path in reversed(town.findings.pages[role])}
    names = sorted(first_of_route)
    chosen = Random(town.seed).sample(names, min(PAGES, len(names)))
    assert len(chosen) >= (PAGES if has_account else 5), names
    context.add_cookies(
        [{"name": name, "value": value, "url": town.service.site} for name, value in walk.person.cookies.items()]
    )
    page = context.new_page()
    for name in chosen:
        answer = page.goto(town.service.site + first_of_route[name], wait_until="load")
        assert answer is not None
        assert answer.status == 200, first_of_route[name]
        page.wait_for_timeout(100)  # what scripts do after the page has come
