"""Which encoding a file of clients is in.

A byte order mark decides; then UTF-8, if the whole file is valid; else Windows-1251. UTF-16 without a mark is never
guessed, since nearly any Windows-1251 text decodes as it.
"""

from __future__ import annotations

import codecs
from pathlib import Path

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
    "utf-16": "UTF-16",
}


def detect_encoding(path: Path) -> str:
    """The name of the codec to read the file with, one of `ENCODINGS`."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    return "utf-8" if _is_utf8(path) else "cp1251"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
