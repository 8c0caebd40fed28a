"""Wide tables: the page never scrolls sideways, and a table that is cut off can be scrolled with the keyboard."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from config import TestingConfig
from mailer import create_app
from tests.chromium.conftest import Service, log_in, sample_account

pytestmark = pytest.mark.browser
WIDTHS = (360, 768, 1024, 1280)
OF = {
    "user": ["/dashboard", "/mailings", "/mailings/1", "/mailings/1/runs/1", "/clients/", "/clients/tags/", "/messages",
             "/reports", "/reports?rows=run", "/reports/print", "/calendar/punctuality", "/calendar/holidays"],
    "admin": ["/manager", "/manager/journal", "/manager/approvals", "/mailings", "/reports", "/operations"],
}  # fmt: skip
MEASURE = """() => [
  document.documentElement.scrollWidth - innerWidth,
  [...document.querySelectorAll("main table")].filter((table) => {
    const box = table.closest(".panel-body") ?? table.parentElement;
    return box.scrollWidth > box.clientWidth + 1
      && !(box.tabIndex === 0 && box.classList.contains("is-cut") && getComputedStyle(box).overflowX === "auto");
  }).length,
]"""


@pytest.fixture(scope="module")
def tables() -> list[str]:
    """The lists of the panel."""
    app: Flask = create_app(TestingConfig(SECRET_KEY="of a test", SITE_URL="http://golub.test"))
    return sorted(f"/admin/{name.removeprefix('all_')}/" for name in app.blueprints if name.startswith("all_"))


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("role", ["user", "admin"])
def test_no_table_widens_its_page(
    chromium: Browser, service: Service, tables: list[str], role: str, language: str
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page: Page = context.new_page()
    email, password = sample_account(service, role)
    service.rows("UPDATE users SET language = %s WHERE email = %s", language, email)
    log_in(page, service, email, password)
    wrong = []
    for path in [*OF[role], *(tables if role == "admin" else ())]:
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        answer = page.goto(f"{service.site}{path}")
        assert answer is not None and answer.status == 200, path
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("() => new Promise(requestAnimationFrame)")
            wider, unreachable = page.evaluate(MEASURE)
            if wider > 0 or unreachable:
                wrong.append((path, width, wider, unreachable))
    context.close()
    service.rows("UPDATE users SET language = 'ru' WHERE email = %s", email)
    assert wrong == []
