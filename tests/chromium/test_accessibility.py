"""axe-core finds nothing, nothing scrolls sideways, and the keyboard is enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium.conftest import Service, log_in, sample_account
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
AXE = ROOT / "tests" / "vendor" / "axe" / "axe.min.js"
PUBLIC = ["/", "/login", "/register", "/forgot", "/blog", "/privacy", "/accessibility", "/nothing-here"]
OWN = [
    "/dashboard", "/clients/", "/clients/new", "/clients/1", "/clients/1/edit", "/clients/import/", "/clients/filters/",
    "/messages", "/messages/new", "/messages/1", "/messages/1/edit", "/mailings", "/mailings/new", "/mailings/1",
    "/calendar", "/calendar?view=week", "/calendar/punctuality", "/calendar/holidays?country=RU",
    "/mailings/2", "/mailings/2/edit", "/mailings/2/send-now", "/mailings/1/runs/1", "/mailings/1/runs/1/deliveries/1",
    "/profile", "/profile/password", "/profile/email",
]  # fmt: skip
LOOKS = [("ru", "light", 1280), ("en", "dark", 360)]


def look_at(page: Page, url: str) -> list[str]:
    """What is wrong with a page."""
    page.goto(url)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    problems = [f"{url}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
    width, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return problems + ([f"{url}: {width} px wide in a window of {seen} px"] if width > seen else [])


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def looking(request: pytest.FixtureRequest, chromium: Browser, service: Service) -> Iterator[Page]:
    """A tab in one language, theme and width; the policy lets axe in."""
    language, scheme, width = request.param
    context = chromium.new_context(
        bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 800}, locale=language
    )
    page = context.new_page()
    page.goto(service.site)
    token = page.locator("input[name=csrf_token]").first.get_attribute("value")
    page.request.post(f"{service.site}/language", form={"csrf_token": token or "", "language": language, "next": "/"})
    page.reload()
    assert page.locator("html").get_attribute("lang") == language
    yield page
    context.close()


def test_public_pages(looking: Page, service: Service) -> None:
    article = looking.request.get(f"{service.site}/blog").text().split('href="/blog/')[1].split('"')[0]
    problems = [one for path in [*PUBLIC, f"/blog/{article}"] for one in look_at(looking, service.site + path)]
    assert problems == []


def test_pages_of_an_owner(looking: Page, service: Service) -> None:
    language = looking.locator("html").get_attribute("lang")
    log_in(looking, service, *sample_account(service, "user"))
    service.rows("UPDATE users SET language = %s WHERE role = 'user'", language)
    problems = [one for path in OWN for one in look_at(looking, service.site + path)]
    service.rows("UPDATE users SET language = 'ru' WHERE role = 'user'")
    assert problems == []


@pytest.mark.parametrize(
    ("role", "path"),
    [*product(["manager", "admin"], ["/mailings", "/clients/", "/manager", "/calendar", "/operations"])],
)
def test_pages_of_staff(chromium: Browser, service: Service, role: str, path: str) -> None:
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    log_in(page, service, *sample_account(service, role))
    problems = look_at(page, service.site + path)
    context.close()
    assert problems == []


def test_editors_pages(chromium: Browser, service: Service) -> None:
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    log_in(page, service, *sample_account(service, "editor"))
    pages = ["/admin/", "/admin/posts/", "/admin/posts/new/"]
    problems = [one for path in pages for one in look_at(page, service.site + path)]
    context.close()
    assert problems == []


def test_the_keyboard_is_enough_to_log_in_and_name_a_mailing(page: Page, service: Service) -> None:
    email, password = sample_account(service, "user")
    page.goto(f"{service.site}/login")
    tab_to(page, "email")
    page.keyboard.type(email)
    tab_to(page, "password")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    page.goto(f"{service.site}/mailings/new")
    tab_to(page, "name")
    page.keyboard.type("Без мыши")
    tab_to(page, "message_id")
    page.keyboard.press("ArrowDown")
    assert page.input_value("[name=name]") == "Без мыши"
    assert page.input_value("select[name=message_id]")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the field has the focus."""
    for _press in range(40):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {name}: {json.dumps(page.url)}")
