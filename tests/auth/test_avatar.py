"""Pictures come in many shapes and go out in one."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from mailer.models.user import User
from tests.auth.conftest import fresh
from tests.conftest import Browser


def picture(kind: str = "PNG", size: tuple[int, int] = (800, 600), mode: str = "RGB", **options: object) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, "teal" if mode != "P" else 3).save(content, kind, **options)
    return content.getvalue()


def upload(browser: Browser, content: bytes, name: str = "me.png") -> TestResponse:
    return browser.post("/profile/avatar", data={"picture": (io.BytesIO(content), name)})


def stored(browser: Browser) -> list[Path]:
    return sorted((Path(browser.application.config["MEDIA_DIR"]) / "avatars").glob("*"))


def huge_png_header(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that promises `width` × `height` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


@pytest.fixture(autouse=True)
def no_pictures(as_owner: Browser) -> None:
    for path in stored(as_owner):
        path.unlink()


@pytest.mark.parametrize(
    ("content", "side"),
    [
        (picture("PNG"), 512),
        (picture("JPEG", size=(4000, 3000)), 512),
        (picture("WEBP"), 512),
        (picture("PNG", mode="RGBA"), 512),
        (picture("PNG", mode="P"), 512),
        (picture("PNG", mode="LA", size=(64, 48)), 48),
        (picture("JPEG", mode="CMYK"), 512),
        (picture("PNG", size=(1, 1)), 1),
        (picture("PNG", size=(4000, 3000)), 512),
    ],
)
def test_a_picture_becomes_a_square_webp(as_owner: Browser, owner: User, content: bytes, side: int) -> None:
    assert upload(as_owner, content).status_code == 303
    answer = as_owner.get(f"/media/avatars/{fresh(owner).avatar_file}")
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    kept = Image.open(io.BytesIO(answer.data))
    assert (kept.format, kept.size) == ("WEBP", (side, side))


def test_where_a_photograph_was_taken_is_not_kept_but_it_stands_upright(as_owner: Browser, owner: User) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010E] = "a secret description"
    exif.get_ifd(0x8825)[2] = (55.0, 45.0, 0.0)
    half = Image.new("RGB", (400, 200), "white")
    half.paste("black", (0, 0, 200, 200))
    content = io.BytesIO()
    half.save(content, "JPEG", exif=exif)
    upload(as_owner, content.getvalue() + b"<?php appended ?>")
    (path,) = stored(as_owner)
    kept = Image.open(path)
    assert not kept.getexif() and "exif" not in kept.info
    assert b"secret" not in path.read_bytes() and b"appended" not in path.read_bytes()
    grey = kept.convert("L")
    assert grey.getpixel((100, 20)) in range(50) and grey.getpixel((100, 180)) in range(201, 256)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "me.svg"),
        (b"<html><script>alert(1)</script></html>", "me.png"),
        (b"<?php system($_GET[0]); ?>", "me.php.png"),
        (b"PK\x03\x04" + b"\0" * 200, "me.zip"),
        (b"GIF89a" + b"\0" * 200, "me.gif"),
        (picture("GIF"), "me.png"),
        (picture("BMP"), "me.png"),
        (picture("TIFF"), "me.jpg"),
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "polyglot.png"),
        (b"\xff\xd8\xff/*<script>alert(1)</script>*/", "polyglot.jpg"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\0" * 100, "sound.webp"),
        (picture("PNG")[:300], "torn.png"),
        (picture("JPEG")[:700], "torn.jpg"),
        (huge_png_header(30_000, 30_000), "bomb.png"),
        (huge_png_header(4001, 3000), "large.png"),
        (huge_png_header(0, 0), "nothing.png"),
        (picture("PNG") + b"\0" * (5 * 1024 * 1024), "long.png"),
    ],
)
def test_what_is_no_honest_picture_is_refused_with_a_reason(
    as_owner: Browser, owner: User, content: bytes, name: str
) -> None:
    answer = upload(as_owner, content, name)
    assert answer.status_code == 422
    assert 'id="picture-error"' in answer.text
    assert fresh(owner).avatar_file is None
    assert stored(as_owner) == []


def test_no_file_at_all_is_told_too(as_owner: Browser) -> None:
    assert as_owner.post("/profile/avatar").status_code == 422


@pytest.mark.parametrize("name", ["../../x.png", "a\x00.png", "..\\..\\x.png", "me.php"])
def test_the_name_of_the_file_is_ours(as_owner: Browser, name: str) -> None:
    assert upload(as_owner, picture(), name).status_code == 303
    (path,) = stored(as_owner)
    assert len(path.stem) == 32 and path.suffix == ".webp"


def test_one_picture_is_kept_at_a_time_and_none_after_removal(as_owner: Browser, owner: User) -> None:
    upload(as_owner, picture())
    first = fresh(owner).avatar_file
    upload(as_owner, picture("JPEG"))
    assert [path.name for path in stored(as_owner)] == [fresh(owner).avatar_file]
    assert as_owner.get(f"/media/avatars/{first}").status_code == 404
    assert as_owner.post("/profile/avatar/remove").status_code == 303
    assert stored(as_owner) == []
    assert fresh(owner).avatar_file is None


@pytest.mark.parametrize("name", ["..%2f..%2fconfig.py", "x.webp", "%00", "a" * 32 + ".svg", "a" * 32 + ".webp"])
def test_only_pictures_are_served(web: Browser, name: str) -> None:
    assert web.get(f"/media/avatars/{name}").status_code == 404
