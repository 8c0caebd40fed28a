"""Wide tables: the page never scrolls sideways, and a table that is cut off can be scrolled with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterable

from playwright.sync_api import Page

WIDTHS = (360, 768, 1024, 1280)
PATIENCE = 10_000  # milliseconds
WITH_TABLES = re.compile(
    r"/(dashboard|mailings(/\d+(/runs/\d+)?)?|clients|clients/tags|messages|reports|reports\?rows=run|reports/print"
    r"|calendar/(punctuality|holidays)|manager|manager/(journal|approvals)|operations|admin/\w+)/?$"
)
# The page's own script has to see the new width first: asked again for each frame, until all is well or patience ends.
MEASURE = f"""async () => {{
  const measured = () => [
    document.documentElement.scrollWidth - innerWidth,
    [...document.querySelectorAll("main table")].filter((table) => {{
      const box = table.closest(".panel-body") ?? table.parentElement;
      return box.scrollWidth > box.clientWidth + 1
        && !(box.tabIndex === 0 && box.classList.contains("is-cut") && getComputedStyle(box).overflowX === "auto");
    }}).length,
  ];
  const end = performance.now() + {PATIENCE};
  while (measured().some((count) => count > 0) && performance.now() < end) await new Promise(requestAnimationFrame);
  return measured();
}}"""

# The labels that stand before the cells of a table on a phone, drawn by CSS: those with a word wider than their place.
NARROW_LABELS = r"""() => {
  const pen = document.createElement("canvas").getContext("2d"), narrow = new Set();
  for (const cell of document.querySelectorAll("main td[data-label]")) {
    const style = getComputedStyle(cell, "::before"), place = parseFloat(getComputedStyle(cell).gridTemplateColumns);
    if (!cell.dataset.label || style.content === "none" || !place || !cell.offsetParent) continue;
    pen.font = style.font;
    for (const word of cell.dataset.label.split(/[\s\-–]+/)) if (pen.measureText(word).width > place) narrow.add(word);
  }
  return [...narrow];
}"""


def wide_tables(page: Page, widths: Iterable[int]) -> list[str]:
    """What is wrong with the tables of the page that is open, at each width; its window, seen last, ends as it was."""
    window, wrong = page.viewport_size, []
    assert window is not None
    for width in [*(width for width in widths if width != window["width"]), window["width"]]:
        if page.viewport_size != (size := window | {"width": width}):
            page.set_viewport_size(size)
        wider, unreachable = page.evaluate(MEASURE)
        if wider > 0 or unreachable:
            wrong.append(f"{page.url}: {wider} px too wide in {width} px, {unreachable} tables cannot be scrolled")
        if broken := page.evaluate(NARROW_LABELS):
            wrong.append(f"{page.url}: labels of cells are broken in {width} px: {broken}")
    return wrong
