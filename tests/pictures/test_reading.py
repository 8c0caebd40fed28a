"""Whatever a picture claims to be, it costs little memory and comes out with the colours it went in with."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import pytest
from flask import Flask
from PIL import Image, ImageCms

from mailer import pictures
from mailer.errors import Busy
from mailer.long_work import drawing
from mailer.pictures import BadPicture
from tests.conftest import ROOT


def file_of(image: Image.Image, kind: str, **options: object) -> io.BytesIO:
    content = io.BytesIO()
    image.save(content, kind, **options)
    content.seek(0)
    return content


def near(pixel: float | tuple[int, ...] | None, colour: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= 6 for one, other in zip(pixel, colour, strict=True))


def test_sixteen_bits_of_grey_stay_grey(app: Flask) -> None:
    for size in ((40, 40), (4000, 2000)):
        drawn = pictures.read(file_of(Image.new("I;16", size, 30_000), "PNG"), 400)
        assert near(drawn.getpixel((3, 3)), (117, 117, 117))


def test_colours_survive_their_conversion(app: Flask) -> None:
    red = pictures.read(file_of(Image.new("CMYK", (900, 900), (0, 255, 255, 0)), "JPEG", quality=95), 400)
    assert near(red.getpixel((3, 3)), (255, 0, 0)) and red.mode == "RGB"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for found in (profile, profile[:100]):  # a whole one, and a torn one, which is passed over
        drawn = pictures.read(file_of(Image.new("RGB", (50, 50), (200, 30, 30)), "PNG", icc_profile=found), 400)
        assert near(drawn.getpixel((3, 3)), (200, 30, 30)) and not drawn.info
    seen = Image.new("P", (900, 900), 1)
    seen.putpalette([0, 0, 0, 10, 200, 30])
    assert near(pictures.read(file_of(seen, "PNG"), 400).getpixel((3, 3)), (10, 200, 30))
    holed = pictures.read(file_of(seen, "PNG", transparency=1), 400)
    assert holed.mode == "RGBA" and holed.getchannel("A").getpixel((3, 3)) == 0


def test_a_photograph_of_a_telephone_is_taken_and_a_bomb_is_not(app: Flask) -> None:
    photograph = file_of(Image.new("RGB", (8000, 6000), "teal"), "JPEG")
    assert pictures.read(photograph, 1600).size == (1600, 1200)
    with pytest.raises(BadPicture):
        pictures.read(file_of(Image.new("L", (5000, 5000)), "PNG"), 1600)
    with pytest.raises(BadPicture):
        pictures.read(file_of(Image.new("RGB", (5000, 5000)), "JPEG", progressive=True), 1600)


def test_one_picture_is_drawn_at_a_time_and_nobody_waits(app: Flask) -> None:
    refused = []

    def ask() -> None:
        with app.test_request_context("/"):
            try:
                pictures.read(file_of(Image.new("RGB", (10, 10)), "PNG"), 100)
            except Busy as busy:
                refused.append(busy.retry_after)

    with drawing.one():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    ask()
    assert refused == [5]


COST = """
import io, re, sys
from mailer import pictures
content = sys.stdin.buffer.read()
def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
before = most()
pictures.read(io.BytesIO(content), 1600)
print(most() - before)
"""


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [("PNG", "RGB", (4000, 3000)), ("PNG", "RGBA", (4000, 3000)), ("PNG", "P", (4000, 3000)),
     ("WEBP", "RGBA", (3840, 2160)), ("JPEG", "RGB", (8000, 6000)), ("JPEG", "CMYK", (8000, 6000))],
)  # fmt: skip
def test_the_largest_pictures_cost_little(kind: str, mode: str, size: tuple[int, int]) -> None:
    quickly = {"WEBP": {"lossless": True, "method": 0}, "PNG": {"compress_level": 1}}
    content = file_of(Image.new(mode, size), kind, **quickly.get(kind, {})).getvalue()
    done = subprocess.run([sys.executable, "-c", COST], input=content, capture_output=True, cwd=ROOT, check=True)
    print(kind, mode, done.stdout)
    assert int(done.stdout) <= 160
