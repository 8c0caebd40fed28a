"""Wide tables: the page never scrolls sideways, and a table that is cut off can be scrolled with the keyboard."""

from __future__ import annotations

import re
from contextlib import suppress

from playwright.sync_api import Page, TimeoutError

WIDTHS = (360, 768, 1024, 1280)
PATIENCE = 10_000  # milliseconds
WITH_TABLES = re.compile(
    r"/(dashboard|mailings(/\d+(/runs/\d+)?)?|clients|clients/tags|messages|reports|reports\?rows=run|reports/print"
    r"|calendar/(punctuality|holidays)|manager|manager/(journal|approvals)|operations|admin/\w+)/?$"
)
MEASURE = """() => [
  document.documentElement.scrollWidth - innerWidth,
  [...document.querySelectorAll("main table")].filter((table) => {
    const box = table.closest(".panel-body") ?? table.parentElement;
    return box.scrollWidth > box.clientWidth + 1
      && !(box.tabIndex === 0 && box.classList.contains("is-cut") && getComputedStyle(box).overflowX === "auto");
  }).length,
]"""


def wide_tables(page: Page) -> list[str]:
    """What is wrong with the tables of the page that is open, at each width; its window ends as it was."""
    window, wrong = page.viewport_size, []
    assert window is not None
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": window["height"]})
        with suppress(TimeoutError):  # the page's own script has to see the new width first
            page.wait_for_function(f"() => ({MEASURE})().every((count) => count <= 0)", timeout=PATIENCE)
        wider, unreachable = page.evaluate(MEASURE)
        if wider > 0 or unreachable:
            wrong.append(f"{page.url}: {wider} px too wide in {width} px, {unreachable} tables cannot be scrolled")
    page.set_viewport_size(window)
    return wrong
