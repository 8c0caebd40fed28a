"""The guide for people who send: Markdown in `docs/guide/<language>/`, read here as it lies there.

Links between its pages and to its pictures are relative, so that they hold in the repository too; here they become
addresses of this site.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guide"
PICTURES = "pictures"
# In the order in which a newcomer reads them. The names are those of the files and of the addresses.
ORDER = (
    "first-mailing", "clients", "messages", "calendar", "series", "results", "unsubscribing", "approval", "account",
)  # fmt: skip
PAGE_LINK = re.compile(r"([a-z-]+)\.md(#.*)?")
PICTURE_LINK = re.compile(rf"{PICTURES}/([a-z0-9-]+\.webp)")
NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")

_parser = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table"])


@dataclass(frozen=True)
class Section:
    """A second-level heading: what it says and where it is."""

    anchor: str
    title: str


@dataclass(frozen=True)
class GuidePage:
    """One page of the guide; `opening` is its first paragraph as plain text."""

    name: str
    title: str
    opening: str
    body: Markup
    sections: tuple[Section, ...]


def pages(language: str) -> list[GuidePage]:
    """All of that language, in order."""
    return [page(language, name) for name in ORDER]


def page(language: str, name: str) -> GuidePage:
    """One page. Errors: KeyError when there is none of that name."""
    if name not in ORDER:
        raise KeyError(name)
    file = FOLDER / language / f"{name}.md"
    return _page(language, name, file.stat().st_mtime_ns)


def picture(language: str, name: str) -> Path | None:
    """The file of a picture of the guide; None when there is none."""
    file = FOLDER / language / PICTURES / name
    return file if PICTURE_LINK.fullmatch(f"{PICTURES}/{name}") and file.is_file() else None


@lru_cache(maxsize=64)
def _page(language: str, name: str, changed: int) -> GuidePage:
    """The page in the file as it was at `changed`."""
    tokens = _parser.parse((FOLDER / language / f"{name}.md").read_text(encoding="utf-8"))
    title, opening, sections = "", "", []
    for number, token in enumerate(tokens[:-1]):
        said = _plain(tokens[number + 1])
        if token.type == "heading_open" and token.tag == "h1":
            title = said
        elif token.type == "heading_open" and token.tag == "h2":
            sections.append(Section(anchor_of(said), said))
            token.attrSet("id", sections[-1].anchor)
        elif token.type == "paragraph_open" and not opening:
            opening = said
    _lead_here(tokens, language)
    body = _parser.renderer.render(_without_title(tokens), _parser.options, {})
    return GuidePage(name, title, opening, Markup(body), tuple(sections))  # noqa: S704 - our own text, and no HTML in it


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")


def _without_title(tokens: Sequence[Token]) -> list[Token]:
    """All but the first heading, which the page around shows, and the first paragraph, which stands beneath it."""
    return list(tokens[6:])


def _lead_here(tokens: Sequence[Token], language: str) -> None:
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open" and (match := PAGE_LINK.fullmatch(str(child.attrGet("href")))):
                child.attrSet("href", f"/help/{match[1]}{match[2] or ''}")
            elif child.type == "image" and (match := PICTURE_LINK.fullmatch(str(child.attrGet("src")))):
                child.attrSet("src", f"/help/{PICTURES}/{language}/{match[1]}")
                child.attrSet("loading", "lazy")
        if token.children and token.children[0].type == "image":
            token.children = _leading_to_itself(token.children)


def _leading_to_itself(picture: list[Token]) -> list[Token]:
    """A picture that opens alone: on a phone it is too small to read."""
    before, after = Token("link_open", "a", 1), Token("link_close", "a", -1)
    before.attrSet("href", str(picture[0].attrGet("src")))
    return [before, *picture, after]


def _plain(token: Token) -> str:
    said = (
        " " if child.type == "softbreak" else child.content for child in token.children or () if child.type != "image"
    )
    return "".join(said).strip()
