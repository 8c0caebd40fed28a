"""Avatars: whatever was uploaded becomes a small square WebP of our own making, or is refused with the reason."""

from __future__ import annotations

import io
import re
import secrets
import warnings
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from mailer.auth.refusals import BadPicture

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000
SIDE = 512
NAME = re.compile(r"[0-9a-f]{32}\.webp")
# The first bytes tell the format; file name and Content-Type are the sender's word only.
MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}


def folder(media_dir: str) -> Path:
    """Where avatars are kept; made when missing."""
    path = Path(media_dir) / "avatars"
    path.mkdir(parents=True, exist_ok=True)
    return path


def store(upload: BinaryIO, folder: Path) -> str:
    """Re-encode the picture into `folder` under a random name, which is returned; raises `BadPicture`.

    Only pixels survive: no metadata, no second frame, nothing appended.
    """
    picture = _square(_read(upload))
    name = f"{secrets.token_hex(16)}.webp"
    picture.save(folder / name, "WEBP", quality=86, method=4)
    return name


def discard(folder: Path, name: str | None) -> None:
    """Remove a file that `store` made; nothing happens when it is gone."""
    if name and NAME.fullmatch(name):
        (folder / name).unlink(missing_ok=True)


def _read(upload: BinaryIO) -> Image.Image:
    content = upload.read(MAX_BYTES + 1)
    if not content:
        raise BadPicture(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise BadPicture(_("The file is larger than 5 MB. Choose a smaller picture."))
    kind = next((kind for start, kind in MAGIC.items() if content.startswith(start)), None)
    if kind is None:
        raise BadPicture(_("This is not a picture we can use. Choose a PNG, JPEG or WebP file."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            picture = Image.open(io.BytesIO(content), formats=[kind])
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _damaged() from error
    if picture.width * picture.height > MAX_PIXELS:  # known from the header, before anything is decoded
        raise _too_many_pixels()
    return picture


def _square(picture: Image.Image) -> Image.Image:
    try:
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # a large JPEG is decoded small at once
        upright = ImageOps.exif_transpose(picture)
        flat = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA")).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _damaged() from error
    side = min(SIDE, *flat.size)
    return ImageOps.fit(flat, (side, side), Image.Resampling.LANCZOS)


def _damaged() -> BadPicture:
    return BadPicture(_("The picture is damaged or not complete. Save it again and retry."))


def _too_many_pixels() -> BadPicture:
    return BadPicture(_("The picture has more than 25 million pixels. Choose a smaller one."))
