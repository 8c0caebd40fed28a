"""Pictures of articles: whatever is uploaded is drawn anew, so that nothing but pixels is kept.

A picture `<name>.webp` is also had in the widths of `WIDTHS` (`<name>-400.webp`) and as `<name>-og.jpg`, the 1200 × 630
that other sites show beside a link. They are drawn when first asked for: their number is fixed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from flask import current_app
from PIL import Image, ImageOps

from mailer.pictures import read

MAX_SIDE = 1600
WIDTHS = (400, 800)
CARD_SIZE = (1200, 630)
NAME = re.compile(r"[0-9a-f]{32}\.webp")
ANY_SIZE = re.compile(r"([0-9a-f]{32})(?:-(400|800))?\.webp|([0-9a-f]{32})-og\.jpg")


def encode(file: IO[bytes]) -> bytes:
    """The picture in `file` as WebP, at most 1600 pixels a side; `mailer.pictures.BadPicture` says what is wrong."""
    return to_webp(read(file, MAX_SIDE))


def to_webp(image: Image.Image) -> bytes:
    """The pixels alone."""
    bare = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    bare.info.clear()
    out = BytesIO()
    bare.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def store(data: bytes) -> str:
    """Keep an encoded picture under a name that nobody can guess; returns the name."""
    name = f"{uuid.uuid4().hex}.webp"
    _write(folder() / name, data)
    return name


def find(name: str) -> Path | None:
    """The file of a picture in one of its sizes, drawn now if need be; None when there is no such picture."""
    match = ANY_SIZE.fullmatch(name)
    path = folder() / name
    if match is None or path.is_file():
        return path if match and path.is_file() else None
    original = folder() / f"{match[1] or match[3]}.webp"
    if not original.is_file():
        return None
    with Image.open(original) as image:
        _write(path, _narrowed(image, int(match[2])) if match[2] else _card(image))
    return path


def discard(name: str | None) -> None:
    """Remove a picture that no article shows any more, in all its sizes."""
    if name and NAME.fullmatch(name):
        for path in folder().glob(f"{name.removesuffix('.webp')}*"):
            path.unlink(missing_ok=True)


def discard_unused(used: Collection[str], before: datetime) -> int:
    """Remove the pictures older than `before` whose name is not among `used`; how many."""
    stale = [
        path.name
        for path in folder().glob("*.webp")
        if NAME.fullmatch(path.name) and path.name not in used and path.stat().st_mtime < before.timestamp()
    ]
    for name in stale:
        discard(name)
    return len(stale)


def folder() -> Path:
    """Where the pictures lie."""
    return Path(current_app.config["MEDIA_DIR"]) / "blog"


def _narrowed(image: Image.Image, width: int) -> bytes:
    image.thumbnail((width, MAX_SIDE))
    return to_webp(image)


def _card(image: Image.Image) -> bytes:
    """JPEG, since not every site that shows links reads WebP."""
    out = BytesIO()
    ImageOps.fit(image.convert("RGB"), CARD_SIZE).save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Never half written: another process may be serving it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{uuid.uuid4().hex}")
    fresh.write_bytes(data)
    fresh.replace(path)
