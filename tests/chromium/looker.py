"""What is looked at on a page: axe, words, widths and tables."""

from __future__ import annotations

import re
from collections import defaultdict

from playwright.sync_api import Page

from tests.chromium.tables import WITH_TABLES, wide_tables

VARYING = re.compile(
    r'name="csrf_token"[^>]*|(?:nonce|title|value|datetime)="[^"]+"|\d+|(?<=>)[^<]*[^<\s][^<]*(?=<)',
)


OF_THE_PANEL = re.compile(r"/admin/\w+/(details/)?(\?.*)?$")
RUN_AXE = "(loadAxe(), axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations))"
# An element, those around it, and what it says of itself; not the words and numbers on it.
KINDS = """() => {
  const named = (element) => element ? element.tagName + "." + (element.getAttribute("class") ?? "") : "";
  const kinds = new Set();
  for (const element of document.querySelectorAll("body, body *")) {
    const around = [element, element.parentElement, element.parentElement?.parentElement].map(named);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    kinds.add([...around, element.getAttributeNames().sort(), element.type ?? "", hasText].join(" "));
  }
  return [...kinds];
}"""


# A word of ours that stands over two lines: "остановле-но" over a figure, "09:" over "00". Hyphens may end a line.
BROKEN_WORDS = r"""() => {
  const broken = [];
  for (const shown of document.querySelectorAll("main :is(dt, th, time, .btn, .status, .tabs a)")) {
    const texts = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[^\s\-–@]{2,}/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 1);
      if (new Set(boxes.map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""


class Looker:
    """Looks at each page once a look: where somebody else was shown the same but for words and numbers, it was seen.

    axe takes most of the time. It is asked of every address once (the tables of the panel are two: a list and a row),
    and again where a page brings an element, in its surroundings, that it has not seen in this look, be it for another
    person or in another language, theme and width.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._judged: set[str] = set()  # addresses
        self._kinds: dict[str, set[str]] = defaultdict(set)  # of elements, in each look

    def problems(self, page: Page, look: str, url: str, *, is_first: bool) -> list[str]:
        """What is wrong with a page; a person's first one is always looked at, for its menus."""
        seen = self._seen[look, url]
        if seen and not is_first and self._main(page.request.get(url).text()) in seen - {""}:
            return []
        answer = page.goto(url)
        assert answer is not None
        if answer.status >= 400 and "nothing-here" not in url:
            return [f"{url}: {answer.status}"]
        seen.add(self._main(answer.text()))
        found = []
        if self._is_new(look, url, set(page.evaluate(KINDS))):
            found = [f"{url}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in page.evaluate(RUN_AXE)]
        return found + look_at(page, url)

    def _is_new(self, look: str, url: str, kinds: set[str]) -> bool:
        address = OF_THE_PANEL.sub(r"/admin/table/\1", url)
        is_new = address not in self._judged or not kinds <= self._kinds[look]
        self._judged.add(address)
        self._kinds[look] |= kinds
        return is_new

    @staticmethod
    def _main(text: str) -> str:
        main = re.search(r"<main.*</main>", text, re.DOTALL)
        return VARYING.sub("~", main[0]) if main else ""


def look_at(page: Page, url: str) -> list[str]:
    """What else is wrong with the page that is open."""
    problems = [f"{url}: the word {word} is broken" for word in page.evaluate(BROKEN_WORDS)]
    width, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    problems += [f"{url}: {width} px wide in a window of {seen} px"] if width > seen else []
    return problems + (wide_tables(page) if WITH_TABLES.search(url) else [])
