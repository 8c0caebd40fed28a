"""How large a GIF would be unpacked, known before anything is (CompuServe, GIF89a specification)."""

from __future__ import annotations

from dataclasses import dataclass

HEADER = 13  # octets: signature and logical screen
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B


@dataclass(frozen=True, slots=True)
class GifFrames:
    """The screen in pixels, and how many frames are drawn on it."""

    width: int
    height: int
    count: int

    @property
    def pixels(self) -> int:
        """Of all frames together."""
        return self.width * self.height * self.count


def frames_of(content: bytes) -> GifFrames | None:
    """The frames by their headers, in one pass; None for a broken file or a frame that leaves its screen."""
    try:
        width, height = _number(content, 6), _number(content, 8)
        at, count = HEADER + _table(content[10]), 0
        while (kind := content[at]) != TRAILER:
            if kind == EXTENSION:
                at = _behind_blocks(content, at + 2)
            elif kind == IMAGE:
                left, top, wide, high = (_number(content, at + 1 + 2 * part) for part in range(4))
                if left + wide > width or top + high > height:
                    return None
                count += 1
                at = _behind_blocks(content, at + 10 + _table(content[at + 9]) + 1)
            else:
                return None
    except IndexError:
        return None
    return GifFrames(width, height, count) if count and width and height else None


def _number(content: bytes, at: int) -> int:
    return content[at] | content[at + 1] << 8


def _table(flags: int) -> int:
    """The octets of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(content: bytes, at: int) -> int:
    while size := content[at]:
        at += size + 1
    return at + 1
