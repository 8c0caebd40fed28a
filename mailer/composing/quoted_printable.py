"""Quoted-printable in pieces (RFC 2045, section 6.7), ready for SMTP's DATA (RFC 5321, section 4.5.2).

A soft line break may stand anywhere and decodes to nothing. So a body can be encoded piece by piece: what follows
an open piece starts on a fresh line, and the fixed pieces of a mail are encoded only once.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

_CLOSING = b"x"
_NAME_LENGTH = 40  # characters
_NEEDS_NOTHING = re.compile(r"[A-Za-z0-9/:_@\-][A-Za-z0-9/:_@.\-]{0,72}")  # most addresses and links: half the time
_LONG_WITH_LAST_SPACE = re.compile(rb"^(.{74,})(=20|=09)$", re.MULTILINE)


def encode(text: str, *, is_open: bool = False) -> bytes:
    r"""Lines of at most 76 characters, CRLF, dots doubled. `text` starts on a fresh line and has only `\n` breaks.

    An open piece ends with a soft break, because its line goes on.
    """
    if _NEEDS_NOTHING.fullmatch(text):
        return text.encode("ascii") + b"=\r\n" if is_open else text.encode("ascii")
    return _encoded_often(text, is_open) if len(text) <= _NAME_LENGTH else _encoded(text, is_open)


def _encoded(text: str, is_open: bool) -> bytes:
    octets = text.encode("utf-8", "replace")
    if is_open:
        # A letter after it keeps room for the `=`, and the last space from being taken for the line's end.
        encoded = binascii.b2a_qp(octets + _CLOSING, istext=True)[:-1] + b"=\n"
    else:
        encoded = binascii.b2a_qp(octets, istext=True)
    if b"=20" in encoded or b"=09" in encoded:
        # The library encodes a line's last space without looking whether it still fits.
        encoded = _LONG_WITH_LAST_SPACE.sub(rb"\1=\n\2", encoded)
    if encoded[:1] == b".":
        encoded = b"." + encoded
    return encoded.replace(b"\n", b"\r\n").replace(b"\n.", b"\n..")


_encoded_often = lru_cache(maxsize=1024)(_encoded)  # a name stands in both halves of a mail, and many people share it
