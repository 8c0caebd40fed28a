"""Parts of pages that renew themselves: all figures of a page tell of one moment, and nobody loses the place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.chromium.conftest import Service, log_in, sample_account

pytestmark = pytest.mark.browser
TOP = "Math.round(document.activeElement.getBoundingClientRect().top)"  # of the focused element, in the window


def test_filter_and_table_follow_the_run_and_keep_focus_and_scrolling(page: Page, service: Service) -> None:
    log_in(page, service, *sample_account(service, "user"))
    (mailing_id, run_id, refused), *_others = service.rows(
        "SELECT mailing_id, id, refused_count FROM runs WHERE refused_count > 0 AND closed_at IS NOT NULL ORDER BY id"
    )
    address = f"{service.site}/mailings/{mailing_id}/runs/{run_id}"
    page.goto(f"{address}?outcome=refused")
    expect(page.locator("#run-people [data-position]")).to_have_count(refused)
    page.locator("form[action$='/retry-refused'] button").click()
    page.locator("#confirm-dialog [data-confirm-yes]").click()
    page.wait_for_url(address)
    link = page.locator("#run-people [data-position] a").nth(30)
    link.focus()
    before, place = None, f"[document.activeElement.id, {TOP}]"
    while (now := page.evaluate(place)) != before:  # the browser scrolls there in steps
        before = now
        page.wait_for_timeout(300)
    expect(page.locator("#run-live[hx-get]")).to_have_count(0, timeout=60_000)  # closed, shown without a reload
    shown = page.locator("#choice-accepted").text_content() or ""
    ((accepted, refused),) = service.rows("SELECT accepted_count, refused_count FROM runs WHERE id = %s", run_id)
    assert shown.endswith(f": {accepted}")
    assert (page.locator("#choice-refused").text_content() or "").endswith(f": {refused}")
    assert page.locator("#run-people .status", has_text="отклонено").count() <= refused
    assert page.evaluate(place) == before
