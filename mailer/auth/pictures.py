"""Avatars: whatever was uploaded becomes a small square WebP of our own making, or is refused with the reason."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from mailer.pictures import read

SIDE = 512
NAME = re.compile(r"[0-9a-f]{32}\.webp")


def folder(media_dir: str) -> Path:
    """Where avatars are kept; made when missing."""
    path = Path(media_dir) / "avatars"
    path.mkdir(parents=True, exist_ok=True)
    return path


def store(upload: BinaryIO, folder: Path) -> str:
    """Re-encode the picture into `folder` under a random name, which is returned; raises `mailer.pictures.BadPicture`.

    Only pixels survive: no metadata, no second frame, nothing appended.
    """
    picture = _square(read(upload, SIDE, fills=True))
    name = f"{secrets.token_hex(16)}.webp"
    picture.save(folder / name, "WEBP", quality=86, method=4)
    return name


def discard(folder: Path, name: str | None) -> None:
    """Remove a file that `store` made; nothing happens when it is gone."""
    if name and NAME.fullmatch(name):
        (folder / name).unlink(missing_ok=True)


def _square(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    side = min(SIDE, *picture.size)
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
