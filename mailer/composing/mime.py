"""The content of a mail: text alone, or text and HTML to choose from, and the headers that say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

P = TypeVar("P")


def content(text: Iterable[P], html: Iterable[P | bytes] | None, boundary: str) -> Iterator[P | bytes]:
    """The content headers and the body around the encoded pieces of the text and the part of the HTML (`html_part`)."""
    if html is None:
        yield part_head("plain")
        yield from text
        return
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n--{boundary}\r\n'.encode("ascii")
    yield part_head("plain")
    yield from text
    yield f"\r\n--{boundary}\r\n".encode("ascii")
    yield from html
    yield f"\r\n--{boundary}--\r\n".encode("ascii")


def html_part(html: Iterable[P], pictures: Sequence[bytes], boundary: str) -> Iterator[P | bytes]:
    """The HTML half with its headers, and with the pictures that it shows from within, each a part with its own."""
    if not pictures:
        yield part_head("html")
        yield from html
        return
    yield f'Content-Type: multipart/related; type="text/html";\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    yield f"--{boundary}\r\n".encode("ascii") + part_head("html")
    yield from html
    for picture in pictures:
        yield f"\r\n--{boundary}\r\n".encode("ascii") + picture
    yield f"\r\n--{boundary}--\r\n".encode("ascii")


def with_files(whole: Iterable[P | bytes], files: Sequence[bytes], boundary: str) -> Iterator[P | bytes]:
    """The same with files behind it, each a part with its headers; unchanged where there are none."""
    if not files:
        yield from whole
        return
    yield f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\n--{boundary}\r\n'.encode("ascii")
    yield from whole
    for file in files:
        yield f"\r\n--{boundary}\r\n".encode("ascii") + file
    yield f"\r\n--{boundary}--\r\n".encode("ascii")


def part_head(subtype: str) -> bytes:
    """The headers of one half."""
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    ).encode("ascii")


def boundary_for(*texts: str) -> str:
    """A line that cannot occur in a body: quoted-printable never writes `=_`. The same texts, the same boundary."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace"))
    return f"=_{digest.hexdigest()[:32]}"
