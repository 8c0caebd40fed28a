"""A picture as mail programs show it: at most twice as wide as a letter, JPEG or PNG, moving ones GIF; pixels alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from flask_babel import gettext as _
from PIL import Image, ImageSequence

from mailer.long_work import drawing
from mailer.media.gif import GifFrames, frames_of
from mailer.pictures import BadPicture, content_of, read_for_width

WIDTH = 1200  # pixels: twice the 600 of a letter, for fine screens
QUALITY = 82
MAX_UPLOAD = 15 * 1024 * 1024  # bytes: what phones make of twelve megapixels, with room
MOST_BYTES_OF_PNG = 1024 * 1024  # then 256 colours must do
MOST_COLOURS = 256  # a drawing, which JPEG would blur
GIF_STARTS = (b"GIF87a", b"GIF89a")
MOST_MOVING_PIXELS = 20_000_000  # of all frames of a GIF together


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file to be kept."""

    content: bytes
    extension: str
    width: int
    height: int

    @property
    def digest(self) -> str:
        """What it is kept under."""
        return hashlib.sha256(self.content).hexdigest()


def encode(upload: IO[bytes]) -> Encoded:
    """The uploaded picture drawn anew. Raises `BadPicture` with the reason, `Busy` while another one is drawn."""
    content = content_of(upload, MAX_UPLOAD)
    return _gif(content) if content[:6] in GIF_STARTS else encode_image(read_for_width(content, WIDTH))


def encode_image(image: Image.Image) -> Encoded:
    """Pixels as the smaller file of what all mail programs show: PNG where it is see-through or drawn, else JPEG."""
    out = BytesIO()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    if image.mode == "RGBA":
        image.save(out, "PNG", optimize=True)
        if out.tell() > MOST_BYTES_OF_PNG:
            out = BytesIO()
            image.quantize(MOST_COLOURS, Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
    elif image.getcolors(MOST_COLOURS) is not None:
        image.quantize(MOST_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    else:
        image.save(out, "JPEG", quality=QUALITY, progressive=True, optimize=True)
        return Encoded(out.getvalue(), "jpg", *image.size)
    return Encoded(out.getvalue(), "png", *image.size)


def reopen(content: bytes) -> Image.Image:
    """A kept picture, to be cut or scaled; of a moving one the first frame."""
    if content[:6] in GIF_STARTS:
        with drawing.one(), Image.open(BytesIO(content), formats=["GIF"]) as picture:
            return picture.convert("RGBA")
    return read_for_width(content, WIDTH)


def _gif(content: bytes) -> Encoded:
    found = frames_of(content)
    if found is None:
        raise BadPicture(_("The picture is damaged or not complete. Save it again and retry."))
    if found.pixels > MOST_MOVING_PIXELS:
        raise BadPicture(_("This moving picture is too long or too large. Choose a shorter or smaller one."))
    with drawing.one():
        try:
            return _redrawn(content, found)
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise BadPicture(_("The picture is damaged or not complete. Save it again and retry.")) from error


def _redrawn(content: bytes, found: GifFrames) -> Encoded:
    with Image.open(BytesIO(content), formats=["GIF"]) as picture:
        width = min(WIDTH, picture.width)
        size = (width, max(1, picture.height * width // picture.width))
        if found.count == 1:
            return encode_image(_frame(picture, size))
        loops = picture.info.get("loop")
        frames, durations = [], []
        for frame in ImageSequence.Iterator(picture):
            durations.append(int(frame.info.get("duration", 100)))
            frames.append(_frame(frame, size))
    out = BytesIO()
    repeat = {} if loops is None else {"loop": loops}
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=durations, disposal=2, **repeat)
    return Encoded(out.getvalue(), "gif", *size)


def _frame(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """One frame, its own pixels only."""
    bare = picture.convert("RGBA")
    bare.info.clear()
    return bare if bare.size == size else bare.resize(size, Image.Resampling.LANCZOS)
