"""Which encoding a file of clients is in.

A byte order mark decides; then UTF-8, a few bad bytes or not; else the single-byte encoding in which the text looks
most like a language (`lettering`). UTF-16 without a mark is never guessed: nearly any Windows-1251 text decodes as it.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from mailer.clients.importing.lettering import likeness

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What a person may choose by hand, with the name they know it by.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "cp1251": "Windows-1251",
    "koi8-r": "KOI8-R",
    "cp866": "CP866 (DOS)",
    "mac-cyrillic": "Mac Cyrillic",
    "cp1252": "Windows-1252 (Latin-1)",
    "cp1250": "Windows-1250 (Latin-2)",
    "mac-roman": "Mac Roman",
    "utf-16": "UTF-16",
}
SINGLE_BYTE = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "cp1252", "cp1250", "mac-roman")
_CHUNK = 1 << 20
_SAMPLE = 64 * 1024  # bytes of lines with other than ASCII, which is all that tells encodings apart
_ODD = re.compile(rb"[\x80-\xff]+")


def detect_encoding(path: Path) -> str:
    """The name of the codec to read the file with, one of `ENCODINGS`."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = telling_lines(path)
    if not sample or _is_mostly_utf8(sample):
        return "utf-8"
    text = b"\n".join(sample)
    return max(SINGLE_BYTE, key=lambda encoding: likeness(text.decode(encoding, errors="replace")))


def telling_lines(path: Path) -> list[bytes]:
    """The first lines that hold anything but ASCII, from anywhere in the file; at most 64 KB of them."""
    found: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        while size < _SAMPLE and (chunk := file.read(_CHUNK)):
            if chunk.isascii():
                continue
            # A character cut in two at the chunk's end would count as a bad one.
            chunk += file.readline(_SAMPLE)
            for line in re.split(rb"[\r\n]+", chunk):
                if size < _SAMPLE and not line.isascii():
                    found.append(line[:_SAMPLE])
                    size += len(found[-1])
    return found


def _is_mostly_utf8(lines: list[bytes]) -> bool:
    """Whether the runs of high bytes are UTF-8 save for one in five: chance makes a few such runs, never most."""
    good = bad = 0
    for line in lines:
        for run in _ODD.findall(line):
            text = run.decode("utf-8", errors="replace")
            wrong = text.count("\ufffd")
            bad += wrong
            good += len(text) - wrong
    return good > 2 * bad
