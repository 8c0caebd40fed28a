"""Spreadsheets are ZIP archives of XML: what is inside is counted before anything reads it.

Sizes that the archive states are not believed: every part is inflated, in small pieces, and thrown away.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from mailer.clients.refused import ValueRefused

MAX_INFLATED = 100 * 2**20  # bytes of all parts together
MAX_RATIO = 100
MAX_PARTS = 1000
_ALWAYS = 10 * 2**20  # bytes that may be inflated whatever the ratio: small tables compress well
_PIECE = 64 * 1024
_LOCAL_HEADER = 30  # bytes, then the name and the extra field (APPNOTE.TXT 4.3.7)
# A document type is where entities are declared; neither format has one. In UTF-8, and in UTF-16 of both orders.
_FORBIDDEN = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_STORED, _DEFLATED, _ENCRYPTED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 1


def check_spreadsheet(path: Path) -> str:
    """`.xlsx` or `.ods`; raises `ValueRefused` unless the file is a sound spreadsheet of reasonable size."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20)
            kind = _kind({part.filename for part in parts})
            read = inflated = 0
            for part in parts:
                read, inflated = _check(part, file, read, inflated)
            return kind
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ValueRefused("spreadsheet_broken") from error


def _kind(names: set[str]) -> str:
    if "xl/workbook.xml" in names:
        return ".xlsx"
    if {"content.xml", "mimetype"} <= names:
        return ".ods"
    raise ValueRefused("archive")


def _check(part: zipfile.ZipInfo, file: BinaryIO, read: int, inflated: int) -> tuple[int, int]:
    """How many bytes are read and inflated with this part too."""
    if part.flag_bits & _ENCRYPTED or part.compress_type not in (_STORED, _DEFLATED):
        raise ValueRefused("spreadsheet_locked")
    file.seek(part.header_offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise ValueRefused("spreadsheet_broken")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == _DEFLATED else None
    left, before = part.compress_size, b""
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        left -= len(piece)
        read += len(piece)
        while piece:
            text, piece = (inflate.decompress(piece, 1 << 20), inflate.unconsumed_tail) if inflate else (piece, b"")
            inflated += len(text)
            if inflated > MAX_INFLATED or inflated > max(_ALWAYS, read * MAX_RATIO):
                raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20)
            if any(sign in before + text for sign in _FORBIDDEN):
                raise ValueRefused("spreadsheet_broken")
            before = text[-32:]
    return read, inflated
