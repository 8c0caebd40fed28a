"""Reading what a mail server says: strictly, bounded, and safe to show.

RFC 5321 section 4.2 (replies), RFC 3463 (enhanced status codes). A bare LF ends a line too, and a bare code is a
reply, as section 4.2 asks of clients; nothing else is forgiven.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LINE_LIMIT = 4_096  # bytes before the LF; RFC 5321 allows 512, many servers say more
LINES_LIMIT = 100
TEXT_LIMIT = 1_000  # characters kept of a reply

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class GarbledReply(Exception):
    """The bytes are not an SMTP reply; `text` shows how they begin."""

    def __init__(self, reason: str, raw: bytes) -> None:
        self.text = f"{reason}: {readable(raw[:LINE_LIMIT])}"[:TEXT_LIMIT]
        super().__init__(self.text)


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete reply."""

    code: int
    lines: tuple[bytes, ...]  # without code and line end

    @property
    def text(self) -> str:
        """Return the server's words in one line, safe to store; hostile until escaped."""
        return readable(b" ".join(self.lines))[:TEXT_LIMIT]

    @property
    def enhanced(self) -> str | None:
        """Return the enhanced status code, if the first line has one of the reply's class."""
        status = _status(self.lines[0])
        return status if status and status[0] == str(self.code)[0] else None

    @property
    def is_positive(self) -> bool:
        """2yz: done."""
        return 200 <= self.code < 300


class ReplyReader:
    """Cuts a stream of bytes into replies; how the bytes were split on the way makes no difference."""

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0
        self._code: bytes | None = None  # of the reply begun by "250-"
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._buffer = self._buffer[self._start :] + data if self._start < len(self._buffer) else data
        self._start = 0

    @property
    def has_rest(self) -> bool:
        """Tell whether bytes beyond the replies read so far have arrived."""
        return self._start < len(self._buffer) or bool(self._lines)

    def next_reply(self) -> Reply | None:
        """Return the next complete reply, None until more arrives; GarbledReply when there will never be one."""
        while True:
            end = self._buffer.find(b"\n", self._start)
            length = (end if end >= 0 else len(self._buffer)) - self._start
            if length > LINE_LIMIT:
                raise GarbledReply("line too long", self._buffer[self._start : self._start + LINE_LIMIT])
            if end < 0:
                return None
            line = self._buffer[self._start : end].removesuffix(b"\r")
            self._start = end + 1
            parsed = _parse_line(line)
            if parsed is None:
                raise GarbledReply("not an SMTP reply", line)
            code, words, whole = parsed
            if self._code is None:
                if whole is not None:
                    return whole
                self._code = code
            elif code != self._code:
                raise GarbledReply("code changes within a reply", line)
            self._lines.append(words)
            if len(self._lines) > LINES_LIMIT:
                raise GarbledReply("reply without end", line)
            if whole is not None:
                reply = Reply(int(code), tuple(self._lines))
                self._code, self._lines = None, []
                return reply


@lru_cache(maxsize=256)
def _parse_line(line: bytes) -> tuple[bytes, bytes, Reply | None] | None:
    """Return code and words of a line, and the whole reply if the line ends one; most lines come again and again."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    code, separator, words = match.groups(b"")
    return code, words, None if separator == b"-" else Reply(int(code), (words,))


@lru_cache(maxsize=256)
def _status(line: bytes) -> str | None:
    match = _ENHANCED.match(line)
    return match[1].decode("ascii") if match else None


def readable(raw: bytes) -> str:
    """Decode a server's words (UTF-8, else the likelier of Windows-1251 and KOI8-R), unprintables made visible."""
    text = _decode(raw)
    return text if text.isprintable() else "".join(map(_visible, text))


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        # Russian words are mostly small letters: 0xE0-0xFF in Windows-1251, 0xC0-0xDF in KOI8-R.
        upper = sum(byte >= 0xE0 for byte in raw)
        lower = sum(0xC0 <= byte < 0xE0 for byte in raw)
        return raw.decode("koi8-r" if lower > upper else "cp1251", errors="replace")


def _visible(character: str) -> str:
    """Show control characters as their pictures (U+2400…), other unprintable ones by number."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    if number == 0x7F:
        return "\u2421"
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{number:04x}"
