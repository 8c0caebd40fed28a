"""HTML read aloud: paragraphs, lists, links and tables as plain lines."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_PARAGRAPHS = frozenset(  # a blank line around
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table", "pre", "hr")
)
_BLOCKS = _PARAGRAPHS | {
    *("div", "dd", "dt", "center", "article", "section", "header", "footer", "main", "aside", "nav"),
    *("figure", "figcaption", "caption"),
}
_SPACES = re.compile(r"[ \t\r\n\f]+")
_RULE = "-" * 20


def plain_text(html: str) -> str:
    """The text of tidy HTML, as nh3 writes it. Links become `text (address)`, list items get dashes or numbers."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._line: list[str] = []
        self._lists: list[int] = []  # the next number of each open list; 0 where there are dashes
        self._links: list[tuple[str, int]] = []  # address, and where its text began in the line
        self._preformatted = 0
        self._cell_follows = False

    def text(self) -> str:
        """All lines, with at most one blank line in a row."""
        self._break()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n") + "\n" if any(self._lines) else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _BLOCKS:
            self._break(blank=tag in _PARAGRAPHS and not (tag in ("ul", "ol") and self._lists))
        if tag in ("br", "tr"):
            self._break()
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "li":
            self._start_item()
        elif tag in ("td", "th"):
            self._cell_follows = bool(self._line)
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self._line)))
        elif tag == "img":
            self.handle_data(values.get("alt") or "")
        elif tag == "hr":
            self._lines += [_RULE, ""]
        elif tag == "pre":
            self._preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._break()
            self._preformatted -= 1
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag == "a" and self._links:
            self._finish_link(*self._links.pop())
        if tag in ("li", "tr"):
            self._break()
        if tag in _BLOCKS:
            self._break(blank=tag in _PARAGRAPHS and not self._lists)

    def handle_data(self, data: str) -> None:
        if self._preformatted:
            first, *others = data.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in others:
                self._break(keep_spaces=True)
                self._line.append(line)
            return
        data = _SPACES.sub(" ", data)
        if not self._line or self._line[-1].endswith(" "):
            data = data.lstrip(" ")
        if data and self._cell_follows and self._line:
            self._line.append(" | ")
            data = data.lstrip(" ")
        if data:
            self._cell_follows = False
            self._line.append(data)

    def _start_item(self) -> None:
        self._break()
        number = self._lists[-1] if self._lists else 0
        indent = "  " * max(0, len(self._lists) - 1)
        self._line.append(f"{indent}{number}. " if number else f"{indent}- ")
        if number:
            self._lists[-1] += 1

    def _finish_link(self, address: str, start: int) -> None:
        shown = "".join(self._line[start:]).strip(" |")
        if not address or address in (shown, f"mailto:{shown}", f"tel:{shown}"):
            return
        self.handle_data(f" ({address})" if shown else address)

    def _break(self, *, blank: bool = False, keep_spaces: bool = False) -> None:
        line = "".join(self._line).replace("\u00a0", " ")
        if line.strip() or keep_spaces or self._preformatted:
            self._lines.append(line.rstrip() if not keep_spaces else line)
        if blank and self._lines and self._lines[-1]:
            self._lines.append("")
        self._line = []
        self._cell_follows = False
