"""The library of pictures: what is uploaded comes out as mails can show it, and stays where letters found it."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.media import encoding, services
from mailer.media.addresses import PATH, public_url
from mailer.models.picture import Picture
from mailer.models.user import User
from mailer.picture_store import media_store
from mailer.pictures import BadPicture
from tests.conftest import Browser
from tests.factories import make_due_run, make_message

GPS = 0x8825


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    content = io.BytesIO()
    image.save(content, kind, **options)
    content.seek(0)
    return content


def photo(width: int = 90, height: int = 60) -> Image.Image:
    """Of more colours than a drawing has."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 90) for _band in range(3)])


def upload(browser: Browser, *files: tuple[io.BytesIO, str]) -> TestResponse:
    return browser.post("/media", data={"pictures": list(files)}, headers={"Accept": "application/json"})


def test_a_camera_picture_is_upright_small_and_tells_no_place(as_owner: Browser, web: Browser) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(GPS)[1] = "N"
    answer = upload(
        as_owner,
        (
            file_of(photo(300, 260).resize((3000, 2600)), "JPEG", exif=exif),
            "/камера/Фото 1.jpg",
        ),
    )
    assert answer.status_code == 201, answer.text
    said = answer.get_json()["pictures"][0]
    assert (said["name"], said["width"], said["height"], said["alt"]) == ("Фото 1.jpg", 1200, 1385, "")
    shown = web.get(said["src"])
    assert Image.open(io.BytesIO(shown.data)).getexif() == {} and b"Exif" not in shown.data
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (shown.mimetype, shown.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "Set-Cookie" not in shown.headers
    assert web.get(said["src"], headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert web.get(said["src"].replace(".jpg", ".png")).status_code == 404
    assert said["url"].endswith(said["src"])


def test_drawings_and_see_through_pictures_are_png_and_moving_ones_go_on_moving(app: Flask) -> None:
    drawn, clear = Image.new("RGB", (40, 40), "red"), Image.new("RGBA", (40, 40), (255, 0, 0, 9))
    opaque = photo().convert("RGBA")
    assert [encoding.encode(file_of(image)).extension for image in (drawn, clear, opaque)] == ["png", "png", "jpg"]
    frames = [Image.new("RGB", (1600, 100), colour) for colour in ("red", "blue", "green")]
    moving = encoding.encode(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=70, loop=0))
    with Image.open(io.BytesIO(moving.content)) as read:
        assert (moving.extension, getattr(read, "n_frames", 0), read.size) == ("gif", 3, (1200, 75))
    assert encoding.encode(file_of(frames[0], "GIF")).extension == "png"


def hostile() -> list[tuple[bytes, str]]:
    """Files that are no pictures of ours: markup, an archive, cut ones, and ones that would unpack to gigabytes."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
    outside = screen + b"," + struct.pack("<HHHHB", 0, 0, 65_000, 65_000, 0) + b"\x02\x01\x00\x00;"
    many = b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.png"),
        (b"<html><script>1</script>", "a.jpg"), (b"PK\x03\x04", "a.gif"), (b"", "a.png"),
        (b"\x89PNG\r\n\x1a\n" + chunk, "bomb.png"), (outside, "outside.gif"), (many + b"\x02\x01\x00\x00;", "many.gif"),
        (file_of(photo(), "JPEG").getvalue()[:400], "cut.jpg"), (b"GIF89a", "cut.gif"),
        (b"GIF89a" + b"\xff" * 40, "x.gif"),
    ]  # fmt: skip


def test_what_is_no_picture_is_refused_by_name(as_owner: Browser) -> None:
    answer = upload(as_owner, *((io.BytesIO(content), name) for content, name in hostile()))
    assert answer.status_code == 422
    assert [one["name"] for one in answer.get_json()["refused"]] == [name for _content, name in hostile()]
    assert all(one["reason"] for one in answer.get_json()["refused"])
    good = upload(as_owner, (file_of(photo()), "good.png"), (io.BytesIO(b"<svg/>"), "bad.svg"))
    assert (good.status_code, len(good.get_json()["pictures"]), len(good.get_json()["refused"])) == (201, 1, 1)


def test_the_same_picture_is_kept_once_and_the_quota_counts_bytes(
    app: Flask, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = file_of(photo()).getvalue()
    first = services.add_picture(owner, io.BytesIO(content), "a.png", "first")
    services.hide(first)
    again = services.add_picture(owner, io.BytesIO(content), "b.png")
    assert (again.id, again.deleted_at, again.alt) == (first.id, None, "first")
    monkeypatch.setattr(services, "QUOTA_BYTES", first.size)
    services.add_picture(owner, io.BytesIO(content), "a.png")
    services.add_picture(stranger, io.BytesIO(content), "a.png")
    with pytest.raises(services.NoRoom):
        services.add_picture(owner, file_of(photo(91)), "more.png")


def test_what_was_sent_goes_on_showing_its_pictures(app: Flask, owner: User, web: Browser) -> None:
    sent, kept, unused = (services.add_picture(owner, file_of(photo(80 + n)), f"{n}.png") for n in range(3))
    make_message(owner, html_body=f'<img src="{public_url(kept)}">')
    message = make_message(owner, html_body=f'<img src="{public_url(sent)}">')
    make_due_run(owner, message=message)
    message.html_body = ""
    for picture in (sent, kept, unused):
        services.hide(picture)
    addresses = [PATH + picture.file_name for picture in (sent, kept, unused)]
    assert services.forget_unused(utcnow() + timedelta(days=29)) == 0
    assert services.forget_unused(utcnow() + timedelta(days=31)) == 1
    assert [web.get(address).status_code for address in addresses] == [200, 200, 404]
    assert len(list(media_store().names_older_than(utcnow() + timedelta(days=1)))) == 2


def test_a_part_is_a_picture_of_its_own(as_owner: Browser, as_stranger: Browser, owner: User) -> None:
    whole = services.add_picture(owner, file_of(photo(600, 400)), "whole.png", "Хлеб")
    part = {"left": "100", "top": "50", "width": "400", "height": "200", "scaled_to": "100"}
    assert as_owner.post(f"/media/{whole.id}/cut", data=part).status_code == 303
    new = db.session.scalars(select(Picture).order_by(Picture.id.desc())).first()
    assert new is not None and (new.width, new.height, new.alt) == (100, 50, "Хлеб")
    for wrong in (
        {"left": "599"},
        {"width": "0"},
        {"top": "-1"},
        {"scaled_to": "0"},
        {"height": "9" * 30},
        {"left": ""},
    ):
        assert as_owner.post(f"/media/{whole.id}/cut", data=part | wrong).status_code == 422, wrong
    page = as_owner.get(f"/media/{whole.id}").text
    assert "Хлеб" in page and as_stranger.get(f"/media/{whole.id}").status_code == 404
    assert as_owner.post(f"/media/{whole.id}", data={"name": "N", "alt": "x" * 301}).status_code == 422
    assert "whole.png" in as_owner.get("/media/picker?q=whole").text
    found = as_owner.get("/media/picker", headers={"Accept": "application/json"}).get_json()
    assert [one["id"] for one in found["pictures"]] == [new.id, whole.id] and found["next_page"] is None
    assert as_stranger.get("/media/picker", headers={"Accept": "application/json"}).get_json()["pictures"] == []


def test_nothing_odd_breaks_the_check_of_gifs() -> None:
    from mailer.media.gif import frames_of

    assert all(frames_of(bytes([7]) * count) is None for count in range(30))
    assert frames_of(b"GIF89a" + bytes(7) + b"!" * 200_000) is None


def test_the_file_must_be_there(app: Flask, owner: User, web: Browser) -> None:
    picture = services.add_picture(owner, file_of(photo()), "a.png")
    media_store().remove(picture.file.content_name)
    assert web.get(PATH + picture.file_name).status_code == 404
    with pytest.raises(BadPicture):
        services.add_picture(owner, io.BytesIO(b"\xff\xd8\xff"), "cut.jpg")
