"""What is looked at on a page: axe, words, widths and tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from playwright.sync_api import Page

from tests.chromium.tables import WIDTHS, WITH_TABLES, wide_tables

VARYING = re.compile(
    r'name="csrf_token"[^>]*|(?:nonce|title|value|datetime)="[^"]+"|\d+|(?<=>)[^<]*[^<\s][^<]*(?=<)',
)


OF_THE_PANEL = re.compile(r"/admin/\w+/(details/)?(\?.*)?$")
# An element, those around it, and what it says of itself; not the words and numbers on it.
KINDS = """
const named = (element) => element ? element.tagName + "." + (element.getAttribute("class") ?? "") : "";
const kindOf = (element) => {
  const around = [element, element.parentElement, element.parentElement?.parentElement].map(named);
  const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...around, element.getAttributeNames().sort(), element.type ?? "", hasText].join(" ");
};
const all = [...document.querySelectorAll("body, body *")];
"""
LIST_KINDS = f"() => {{ {KINDS} return [...new Set(all.map(kindOf))]; }}"
RUN_AXE = "(loadAxe(), axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations))"
# Of the elements of these kinds; of everything when none are named.
RUN_AXE_ON = f"""(wanted) => {{
  {KINDS}
  const these = new Set(wanted), part = all.filter((element) => these.has(kindOf(element)));
  loadAxe();
  return axe.run(part.length ? {{include: part}} : document, {{resultTypes: ["violations"]}}).then((r) => r.violations);
}}"""

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
    and then of the elements that it has not seen in this look in such surroundings, be it for another person or in
    another language, theme and width. The width of tables is what Russian words make of it: the first look tries all
    widths, a later one has its own.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._judged: set[str] = set()  # addresses
        self._kinds: dict[str, set[str]] = defaultdict(set)  # of elements, in each look
        self._alike: set[tuple[str, str]] = set()  # persons and addresses that showed nothing of their own
        self._first_look = ""

    def problems(self, page: Page, look: str, who: str, url: str, *, is_first: bool) -> list[str]:
        """What is wrong with a page; a person's first one is always looked at, for its menus."""
        self._first_look = self._first_look or look
        if not is_first and self._is_known(page, look, who, url):
            return []
        answer = page.goto(url)
        assert answer is not None
        if answer.status >= 400 and "nothing-here" not in url:
            return [f"{url}: {answer.status}"]
        self._seen[look, url].add(self._main(answer.text()))
        found = look_at(page, url, WIDTHS if look == self._first_look else ())
        kinds = set(page.evaluate(LIST_KINDS))
        address, new = OF_THE_PANEL.sub(r"/admin/table/\1", url), kinds - self._kinds[look]
        self._kinds[look] |= kinds
        if new or address not in self._judged:
            wrong = page.evaluate(RUN_AXE_ON, sorted(new) if address in self._judged else [])
            found += [f"{url}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in wrong]
        self._judged.add(address)
        return found

    def _is_known(self, page: Page, look: str, who: str, url: str) -> bool:
        """Whether somebody else was shown the same in this look; it is not asked again in another look."""
        seen = self._seen[look, url]
        if seen and ((who, url) in self._alike or self._main(page.request.get(url).text()) in seen - {""}):
            self._alike.add((who, url))
            return True
        return False

    @staticmethod
    def _main(text: str) -> str:
        main = re.search(r"<main.*</main>", text, re.DOTALL)
        return VARYING.sub("~", main[0]) if main else ""


def look_at(page: Page, url: str, widths: Iterable[int]) -> list[str]:
    """What else is wrong with the page that is open; its tables at these widths too."""
    problems = [f"{url}: the word {word} is broken" for word in page.evaluate(BROKEN_WORDS)]
    width, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    problems += [f"{url}: {width} px wide in a window of {seen} px"] if width > seen else []
    return problems + (wide_tables(page, widths) if WITH_TABLES.search(url) else [])
