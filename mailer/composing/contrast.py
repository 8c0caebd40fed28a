"""Words that can hardly be read on their ground, as far as inline styles and attributes say (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailer.composing.markup import Attribute, Token

LEAST_CONTRAST = 4.5
MOST_OPEN = 200  # elements followed at once
MOST_FOUND = 50
_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))
_NAMED = {
    "black": "000000", "white": "ffffff", "red": "ff0000", "green": "008000", "blue": "0000ff", "gray": "808080",
    "grey": "808080", "silver": "c0c0c0", "yellow": "ffff00", "orange": "ffa500", "navy": "000080", "maroon": "800000",
    "purple": "800080", "teal": "008080", "lime": "00ff00", "aqua": "00ffff", "olive": "808000", "fuchsia": "ff00ff",
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(?:^|;)\s*(color|background-color|background|display|font-size)\s*:\s*([^;]{0,200})", re.IGNORECASE
)

Colour = tuple[int, int, int]
_OF_LINKS: Colour = (0, 0, 238)  # of browsers, where the author names none


class _Open(NamedTuple):
    name: str
    colour: Colour
    ground: Colour | None  # None: a picture, of which nothing is known
    is_hidden: bool


class Grounds:
    """Follows a letter's tags; `pale` lists the words that are hard to read, with their contrast, the palest first."""

    def __init__(self) -> None:
        self._open = [_Open("", (0, 0, 0), (255, 255, 255), False)]
        self._found: dict[tuple[Colour, Colour], tuple[str, float]] = {}

    @property
    def pale(self) -> list[tuple[str, float]]:
        """One for each pair of colours."""
        return sorted(self._found.values(), key=lambda found: found[1])

    def follow(self, token: Token, found: list[Attribute]) -> None:
        """Take the next token."""
        if token.kind == "start" and token.name not in _VOID and not token.inside.endswith("/"):
            if len(self._open) < MOST_OPEN:
                self._open.append(self._element(token.name, {each.name: each.value or "" for each in found}))
        elif token.kind == "end":
            names = [element.name for element in self._open]
            if token.name in names[1:]:
                del self._open[len(names) - 1 - names[::-1].index(token.name) :]
        elif token.kind == "text" and (words := " ".join(token.source.replace("&nbsp;", " ").split())):
            self._judge(words)

    def _element(self, name: str, values: dict[str, str]) -> _Open:
        above = self._open[-1]
        style = {found[0].lower(): found[1].strip().lower() for found in _PROPERTY.findall(values.get("style", ""))}
        colour = colour_of(
            style.get("color") or values.get("color") or (values.get("text", "") if name == "body" else "")
        )
        ground: Colour | None = above.ground
        typed = style.get("background-color") or style.get("background") or values.get("bgcolor") or ""
        if "url(" in style.get("background", "") or "background" in values or "gradient" in typed:
            ground = None
        ground = colour_of(typed) or ground
        is_hidden = (
            above.is_hidden or style.get("display") == "none" or style.get("font-size", "x") in ("0", "0px", "1px")
        )
        by_itself = _OF_LINKS if name == "a" and "href" in values else above.colour
        return _Open(name, colour or by_itself, ground, is_hidden)

    def _judge(self, words: str) -> None:
        here = self._open[-1]
        if here.ground is None or here.is_hidden or len(self._found) >= MOST_FOUND:
            return
        ratio = contrast(here.colour, here.ground)
        if ratio < LEAST_CONTRAST and not words.startswith("&"):
            self._found.setdefault((here.colour, here.ground), (words[:40], ratio))


def colour_of(typed: str) -> Colour | None:
    """A colour of CSS or of an old attribute; None for what is none, or see-through."""
    if found := _HEX.search(typed):
        digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if rgb := _RGB.search(typed):
        red, green, blue = (min(255, int(part)) for part in rgb.groups())
        return red, green, blue
    named = next((_NAMED[word] for word in typed.lower().split() if word in _NAMED), None)
    return colour_of(f"#{named}") if named else None


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of WCAG 2.2: 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = (part / 255 for part in colour)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
