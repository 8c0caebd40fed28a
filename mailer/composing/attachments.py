"""Files that go with a mail, encoded once for everybody who gets it (RFC 2045, RFC 2183, RFC 2231)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

_SAFE_NAME = re.compile(r"[A-Za-z0-9 ()+,.=@_\-]{1,60}")
_SECTION = 54  # characters of a name in one parameter: its line stays below 78
_KIND = re.compile(r"[a-z]+/[a-z0-9.+\-]+(?:; [a-z]+=[A-Za-z0-9\-]+)*")
_LINE = 57  # octets that make 76 characters of base64


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file as it is sent. `kind`: its media type, with parameters."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture that the HTML shows as `cid:` and its content id."""

    content_id: str
    name: str
    kind: str
    content: bytes


def inlined(picture: InlinePicture) -> bytes:
    """The part of a mail that holds a picture of its HTML."""
    head = [
        f"Content-Type: {picture.kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{picture.content_id}>",
        f'Content-Disposition: inline; filename="{picture.name}"',
    ]
    return _part(head, picture.content)


def attached(file: AttachedFile) -> bytes:
    """The part of a mail that holds the file. Base64 knows neither dots nor `=_`: nothing in it needs a mask."""
    kind = file.kind if _KIND.fullmatch(file.kind) else "application/octet-stream"
    head = [
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(["Content-Disposition: attachment", *_name(file.name)]),
    ]
    return _part(head, file.content)


def _part(head: list[str], content: bytes) -> bytes:
    lines = (binascii.b2a_base64(content[at : at + _LINE], newline=False) for at in range(0, len(content), _LINE))
    return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"


def _name(name: str) -> Iterator[str]:
    """The parameter that names the file, in as many sections as it needs; none ends amid an encoded octet."""
    if _SAFE_NAME.fullmatch(name):
        yield f'filename="{name}"'
        return
    encoded = "UTF-8''" + quote(name, safe="", errors="replace")
    if len(encoded) <= _SECTION:
        yield f"filename*={encoded}"
        return
    number = 0
    while encoded:
        end = _SECTION
        if "%" in encoded[end - 2 : end]:
            end = encoded.index("%", end - 2)
        yield f"filename*{number}*={encoded[:end]}"
        encoded, number = encoded[end:], number + 1
