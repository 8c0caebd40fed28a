"""What the pages write on the console of Chromium: a sample of those that each of the people has come to."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.walkabout.walk import Walk
from tests.walkabout.walked_service import WalkedService

pytestmark = pytest.mark.browser
SETTLED_MS = 100  # what scripts do after the page has come


@pytest.mark.parametrize("name", ["anonymous", "newcomer", "user", "editor", "manager", "admin"])
def test_the_console_stays_empty(
    walked: WalkedService, walks: dict[str, Walk], context: BrowserContext, name: str
) -> None:
    visitor, pages = walks[name].visitor, walked.findings.pages[name]
    endpoints = sorted(pages)
    chosen = visitor.chance("console").sample(endpoints, min(walked.bounds.in_chromium, len(endpoints)))
    assert len(chosen) >= 5, endpoints
    cookies = visitor.person.cookies.items()
    context.add_cookies([{"name": key, "value": value, "url": walked.service.site} for key, value in cookies])
    page = context.new_page()
    for endpoint in chosen:
        answer = page.goto(walked.service.site + pages[endpoint], wait_until="load")
        assert answer is not None
        assert answer.status == 200, pages[endpoint]
        page.wait_for_timeout(SETTLED_MS)
