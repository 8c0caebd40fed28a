"""Pictures of articles: whatever is uploaded is drawn anew, so that nothing but pixels is kept."""

from __future__ import annotations

import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import IO

from flask import current_app
from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from mailer.errors import Refusal

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIZE = (1600, 1600)
KINDS = ("JPEG", "PNG", "WEBP")
NAME = re.compile(r"[0-9a-f]{32}\.webp")


class BadImage(Refusal):
    """The file is no picture that we take."""


def encode(file: IO[bytes]) -> bytes:
    """The picture in `file` as WebP, at most 1600 pixels a side, without metadata; BadImage says what is wrong."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadImage(_("The picture is larger than 5 MB."))
    try:
        with Image.open(BytesIO(data), formats=KINDS) as image:
            if image.width * image.height > MAX_PIXELS:  # known from the header, before anything is unpacked
                raise BadImage(_("The picture has more than 25 million pixels."))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail(MAX_SIZE)
            return to_webp(upright)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise BadImage(_("This is not a picture in JPEG, PNG or WebP.")) from error


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
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / name).write_bytes(data)
    return name


def discard(name: str | None) -> None:
    """Remove a picture that no article shows any more."""
    if name and NAME.fullmatch(name):
        (folder() / name).unlink(missing_ok=True)


def folder() -> Path:
    """Where the pictures lie."""
    return Path(current_app.config["MEDIA_DIR"]) / "blog"
