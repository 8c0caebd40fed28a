"""Colours as WCAG 2.2 sees them: contrast, and the nearest shade that can be read."""

from __future__ import annotations

from mailer.composing import contrast as wcag

LEAST = wcag.LEAST_CONTRAST
LIGHT, DARK = "#ffffff", "#16181c"  # no pure black: programs that darken a mail turn it into glaring white
BLACK = "#000000"  # only where neither of them can be read: on greys in the middle


def contrast(one: str, other: str) -> float:
    """1…21 of two colours `#rrggbb`."""
    return wcag.contrast(_channels(one), _channels(other))


def ink_on(ground: str) -> str:
    """Light or dark, whichever is read better on `ground`."""
    best = max((LIGHT, DARK), key=lambda ink: contrast(ink, ground))
    return best if contrast(best, ground) >= LEAST else BLACK


def readable(colour: str, ground: str) -> str:
    """The colour, or its nearest shade that reaches `LEAST` on `ground`."""
    goal = _channels(ink_on(ground))
    start = _channels(colour)
    for step in range(11):
        mixed = tuple(round(a + (b - a) * step / 10) for a, b in zip(start, goal, strict=True))
        shade = "#" + "".join(f"{channel:02x}" for channel in mixed)
        if contrast(shade, ground) >= LEAST:
            return shade
    return ink_on(ground)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
