"""Telling a text from what merely has `.csv` at the end of its name, by its first bytes."""

from __future__ import annotations

from mailer.clients.importing.encoding import MARKS
from mailer.clients.refused import ValueRefused

HEAD_BYTES = 8192
ARCHIVE = b"PK\x03\x04"  # what spreadsheets are: looked into elsewhere
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet"),  # OLE: xls, and xlsx under a password
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"RIFF", "image"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "archive"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x7fELF", "binary"),
    (b"MZ", "binary"),
)
# Bytes that no text in a single-byte encoding or UTF-8 has.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a\x1b"))


def refuse_what_is_not_text(head: bytes) -> None:
    """Raise `ValueRefused` with the kind of file it is, unless `head` can begin a CSV file."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    is_marked = head.startswith(tuple(MARKS))
    for signature, kind in _SIGNATURES:
        # Short signatures are letters that a header may begin with: only with control characters do they count.
        if head.startswith(signature) and (controls or not signature.isalpha()):
            raise ValueRefused(kind)
    # A stray NUL is the trouble of its row; a tenth of them is no text.
    if not is_marked and controls * 10 > len(head):
        raise ValueRefused("binary")
