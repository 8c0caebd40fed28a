"""A letter as the HTML document of a mail: MJML with every value in it, compiled once, when the letter is saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import mjml

from mailer.composing.marks import Marks
from mailer.composing.placeholders import gated
from mailer.letters.document import EVERYBODY, FONTS, Letter, PlacedBlock
from mailer.letters.drawing import RAW, Drawer, esc

COMPILER = "blocks 1, mjml-python 1.4.2"  # kept with what it made
MAX_DEPTH = 200  # the compiler overruns its stack on deep nesting, and takes the process with it
# Fills what inboxes show after the preheader, so that the letter's first words do not follow it.
_FILLER = "&#847;&zwnj;&nbsp;" * 60
_TAG = re.compile(r"<(/?)([a-z][a-z0-9\-]*)[^<>]*?(/?)>", re.IGNORECASE)
_VOID = {"br", "img", "hr", "meta"}


class Scheme(StrEnum):
    """How a letter is looked at: as the reader's program has it, or as in a dark one."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


_CARD = ".l-card:not(.l-own)"  # blocks with a background of their own stay as they are
DARK_RULES = "\n".join(
    f"{', '.join(selector.strip().replace('CARD', _CARD) for selector in selectors.split(','))}{{{rule} !important}}"
    for selectors, rule in (
        (".l-page, .l-page>div", "background-color:#14161b"),
        ("CARD, CARD>table", "background:#1e232b"),
        ("CARD .l-text div, CARD .l-text h1, CARD .l-text h2, CARD .l-name", "color:#e9ecef"),
        ("CARD .l-text a, CARD .l-muted a, CARD .ink-accent, CARD .ink-blue", "color:#a9c1ff"),
        ("CARD .ink-red", "color:#ffb0a8"),
        ("CARD .ink-green", "color:#8fdcb0"),
        ("CARD .ink-violet", "color:#d3bbff"),
        ("CARD .l-muted div, CARD .l-text .l-old, CARD .ink-muted", "color:#b4bac3"),
        (".l-foot div, .l-foot a", "color:#b4bac3"),
        ("CARD .l-logo img", "background-color:#ffffff"),
        ("CARD .l-logo-light", "display:none"),
        ("CARD .l-logo-dark", "display:block !important;max-height:none"),
    )
)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes documents. `picture_url` gives the public address of a picture; previews have `anchors`, mails have not."""

    picture_url: Callable[[str], str]
    scheme: Scheme = Scheme.AUTO
    anchors: bool = False

    def compile(self, letter: Letter) -> str:
        """The whole HTML document, placeholders included. Raises ValueError for what cannot be compiled."""
        drawer = Drawer(letter.theme, self.picture_url)
        source = self._source(letter, drawer).replace("\r", "")
        if depth_of(source) > MAX_DEPTH:
            raise ValueError("nested too deep")
        marks = Marks(source)
        page = mjml.mjml2html(marks.text, fonts={})
        page = marks.restore_html(marks.as_in_attribute(page))
        for number, raw in enumerate(drawer.raw):
            page = page.replace(RAW.format(number), f'<tr><td style="padding:0">{raw}</td></tr>')
        return page

    def _source(self, letter: Letter, drawer: Drawer) -> str:
        theme = letter.theme
        blocks = [self._placed(each, drawer) for each in letter.blocks]
        preheader = f"{esc(letter.head.preheader)}{_FILLER}" if letter.head.preheader else ""
        return f"""<mjml lang="{esc(letter.head.language)}"><mj-head><mj-title>{esc(letter.head.subject)}</mj-title>
<mj-preview>{preheader}</mj-preview><mj-attributes><mj-all font-family="{esc(FONTS[theme.font])}"/>
<mj-text font-size="{theme.size}px" line-height="1.5" color="{theme.text}"/>
<mj-button font-size="16px" font-weight="bold" border-radius="{theme.radius}px" inner-padding="13px 28px"/>
</mj-attributes>
<mj-style>{self._sheet()}</mj-style><mj-raw>{self._metas()}</mj-raw></mj-head>
<mj-body css-class="l-page" width="600px" background-color="{theme.page}">
<mj-section padding="0"><mj-column><mj-spacer height="16px"/></mj-column></mj-section>
{"".join(blocks)}</mj-body></mjml>"""

    def _placed(self, each: PlacedBlock, drawer: Drawer) -> str:
        drawn = self._anchor(each.id) + drawer.draw(each.block)
        if each.shown == EVERYBODY:
            return drawn
        return f"<mj-raw>{gated(f'</mj-raw>{drawn}<mj-raw>', each.id)}</mj-raw>"

    def _anchor(self, block_id: str) -> str:
        return f'<mj-raw><div id="{block_id}"></div></mj-raw>' if self.anchors else ""

    def _sheet(self) -> str:
        if self.scheme is Scheme.LIGHT:
            return ":root{color-scheme:light}"
        if self.scheme is Scheme.DARK:
            return f":root{{color-scheme:dark}}{DARK_RULES}"
        return (
            ":root{color-scheme:light dark;supported-color-schemes:light dark}\n"
            f"@media (prefers-color-scheme:dark){{{DARK_RULES}}}"
        )

    def _metas(self) -> str:
        schemes = "light dark" if self.scheme is Scheme.AUTO else self.scheme.value
        return (
            f'<meta name="color-scheme" content="{schemes}"/><meta name="supported-color-schemes" content="{schemes}"/>'
        )


def depth_of(source: str) -> int:
    """How deep the tags of a markup nest at most; those that are never closed count, so that none slips through."""
    deepest = depth = 0
    for tag in _TAG.finditer(source):
        if tag[3] or tag[2].lower() in _VOID:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


def picture_addresses(site: str, media: str) -> Callable[[str], str]:
    """Public addresses: our own pictures under `site`, those of the media library under `media`, others as they are."""

    def address(picture: str) -> str:
        if picture.startswith("starter/"):
            return f"{site}/static/img/letters/{picture.removeprefix('starter/')}"
        return media + picture if picture.startswith("/i/") else picture

    return address
