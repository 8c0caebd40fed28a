"""Uploaded pictures, made small before anything else is done with them: one at a time, whatever they claim to be."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import IO

from flask_babel import gettext as _
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from mailer.errors import Refusal
from mailer.long_work import drawing

MAX_BYTES = 5 * 1024 * 1024
# Most are unpacked whole: four bytes a pixel, WebP in four copies. A plain JPEG is unpacked at an eighth of its sides.
MAX_PIXELS = {"PNG": 12_000_000, "WEBP": 8_300_000, "JPEG": 12_000_000}
MAX_PIXELS_OF_PLAIN_JPEG = 50_000_000
# The first bytes tell the format; file name and Content-Type are the sender's word only.
MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}
_FAULTS = (UnidentifiedImageError, OSError, ValueError, SyntaxError)


class BadPicture(Refusal):
    """The file is no picture that we take."""


def read(upload: IO[bytes], side: int, *, fills: bool = False) -> Image.Image:
    """The picture in `upload`, upright, in sRGB, as RGB or RGBA, its longer side at most `side` pixels.

    With `fills` that holds for the shorter side, for those who cut the rest off. Only pixels are left: no metadata, no
    second frame. Raises `BadPicture` with the reason, `Busy` while this process draws another one.
    """
    content = content_of(upload, MAX_BYTES)
    return _read(content, lambda size: side * max(size) // min(size) if fills else side)


def read_for_width(content: bytes, width: int) -> Image.Image:
    """As `read`, but at most `width` pixels wide, however high."""
    return _read(content, lambda size: -(-width * max(size) // size[0]))


def content_of(upload: IO[bytes], most: int) -> bytes:
    """An uploaded file of 1 to `most` bytes; BadPicture for any other."""
    content = upload.read(most + 1)
    if not content:
        raise BadPicture(_("The file is empty."))
    if len(content) > most:
        raise BadPicture(
            _("The file is larger than %(limit)s MB. Choose a smaller picture.", limit=most // (1024 * 1024))
        )
    return content


def _read(content: bytes, longest_of: Callable[[tuple[int, int]], int]) -> Image.Image:
    """`longest_of` says how long the longer side may be, of the picture's size as it is seen."""
    with drawing.one():
        try:
            with _opened(content) as picture:
                _check_pixels(picture)
                return _bare(_shrunk(picture, max(1, longest_of(_upright_size(picture)))))
        except Image.DecompressionBombError as error:
            raise _too_many(MAX_PIXELS["PNG"]) from error
        except _FAULTS as error:
            raise BadPicture(_("The picture is damaged or not complete. Save it again and retry.")) from error


def _opened(content: bytes) -> Image.Image:
    kind = next((kind for start, kind in MAGIC.items() if content.startswith(start)), None)
    if kind is None:
        raise BadPicture(_("This is not a picture we can use. Choose a PNG, JPEG or WebP file."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
        return Image.open(io.BytesIO(content), formats=[kind])


def _check_pixels(picture: Image.Image) -> None:
    """Known from the header, before anything is unpacked."""
    is_plain_jpeg = picture.format == "JPEG" and "progressive" not in picture.info
    limit = MAX_PIXELS_OF_PLAIN_JPEG if is_plain_jpeg else MAX_PIXELS[str(picture.format)]
    if picture.width * picture.height > limit:
        raise _too_many(limit)


def _too_many(limit: int) -> BadPicture:
    text = _("The picture has more than %(count)s million pixels. Choose a smaller one.", count=limit // 1_000_000)
    return BadPicture(text)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    is_lying = picture.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    return (height, width) if is_lying else (width, height)


def _shrunk(picture: Image.Image, longest: int) -> Image.Image:
    """Small first, so that colours are converted and the picture is turned at little cost."""
    width, height = (max(1, length * longest // max(picture.size)) for length in picture.size)
    picture.draft(None, (width, height))  # a JPEG comes out at 1/2, 1/4 or 1/8 of its sides at once, if larger
    if picture.mode in {"1", "P"}:  # these cannot be averaged
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((longest, longest), reducing_gap=None if picture.mode.startswith("I;16") else 2.0)
    return ImageOps.exif_transpose(picture)


def _bare(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):  # 16 bits a pixel; converting would take all above 255 for white
        picture = picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if profile and picture.mode in {"RGB", "CMYK", "L"} and mode == "RGB":
        picture = _as_srgb(picture, profile)
    bare = picture.convert(mode)
    bare.info.clear()
    return bare


def _as_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: the colours as they stand
        return picture
    return converted or picture
