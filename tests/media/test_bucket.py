"""Pictures in S3 storage, at a real server: kept, shown, moved there and back, and what is said while it is away."""

from __future__ import annotations

import io
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from flask import Flask
from PIL import Image
from rq.timeouts import JobTimeoutException
from sqlalchemy import func, select

from mailer import picture_bucket, storage
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.media import services
from mailer.models.picture import Picture
from mailer.picture_bucket import bucket_store
from mailer.picture_names import PictureFile, StoreAway
from mailer.picture_store import folder_store
from network_settings import Bucket, bucket
from setting_values import ConfigError
from tests.bucket_server import KEY, SECRET, S3Server, s3_server
from tests.conftest import ROOT, Browser

pytestmark = pytest.mark.services
JSON = {"Accept": "application/json"}


@pytest.fixture
def s3(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    monkeypatch.setattr(picture_bucket, "REST_SECONDS", 0.0)
    monkeypatch.setattr(storage, "KEPT_SECONDS", 0.0)
    monkeypatch.setitem(app.config, "MEDIA_DIR", str(tmp_path / "media"))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another program")
    with s3_server(tmp_path) as server:
        monkeypatch.setitem(app.config, "BUCKET", server.bucket())
        yield server


def drawn(colour: str) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    out.seek(0)
    return out


def kept(browser: Browser, colour: str) -> str:
    """The path of a new picture."""
    answer = browser.post("/media", data={"pictures": (drawn(colour), f"{colour}.png")}, headers=JSON)
    assert answer.status_code == 201, answer.text
    return urlsplit(answer.get_json()["pictures"][0]["url"]).path


def test_a_picture_lies_in_the_bucket_under_its_address_and_goes_with_its_row(
    s3: S3Server, as_owner: Browser, as_stranger: Browser, web: Browser
) -> None:
    """Where MEDIA_URL is the bucket's own address, the path of a letter's picture is the path in the bucket."""
    path, others = kept(as_owner, "teal"), kept(as_stranger, "teal")
    assert s3.names() == sorted(f"golub{each}" for each in (path, others)), "each under its own address"
    shown = web.get(path)
    assert (shown.data, shown.mimetype) == (s3.content(f"golub{path}"), "image/png")
    assert not Path(folder_store().place).exists()
    again = kept(as_owner, "teal")
    assert again == path, "the same picture again is the one that is there"
    s3.stop()
    assert web.get(path, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    s3.start()
    picture = db.session.scalars(select(Picture).where(Picture.public_id == path[3:35])).one()
    services.hide(picture)
    assert services.forget_unused(utcnow() + timedelta(days=31)) == 1
    assert s3.names() == [f"golub{others}"]


def test_the_bucket_gives_it_to_browsers_as_we_do(s3: S3Server, as_owner: Browser) -> None:
    path = kept(as_owner, "teal")
    kept_as = bucket_store(s3.bucket())._quick.get(f"golub{path}").attributes
    assert kept_as["Content-Type"] == "image/png"
    assert kept_as["Cache-Control"] == "public, max-age=31536000, immutable"


def test_while_it_is_away_pages_come_and_nothing_is_kept_by_half(
    s3: S3Server, as_owner: Browser, as_manager: Browser, web: Browser
) -> None:
    path = kept(as_owner, "teal")
    assert web.get("/health").get_json()["pictures"] == "ok"
    s3.stop()
    shown = web.get(path)
    assert shown.status_code == 503 and shown.headers["Retry-After"] == "10"
    assert "public" not in shown.headers.get("Cache-Control", "") and "Картинки недоступны" in shown.text
    for page in ("/media", "/media/1", "/media/picker"):
        assert as_owner.get(page).status_code == 200, page
    refused = as_owner.post("/media", data={"pictures": (drawn("red"), "a.png")}, headers=JSON)
    assert refused.status_code == 503 and "ничего не сохранено" in refused.get_json()["detail"]
    assert as_owner.post("/media", data={"pictures": (drawn("red"), "a.png")}).status_code == 503
    cut = {"left": "0", "top": "0", "width": "10", "height": "10", "scaled_to": "10"}
    assert as_owner.post("/media/1/cut", data=cut).status_code == 503
    assert db.session.scalar(select(func.count()).select_from(Picture)) == 1
    services.forget_unused(utcnow() + timedelta(days=31))
    health = web.get("/health")
    assert (health.status_code, health.get_json()["pictures"]) == (200, "away")
    page = as_manager.get("/operations").text
    assert "Хранилище картинок" in page and "s3://pictures/golub/" in page and "не отвечает" in page
    s3.start()
    assert web.get(path).status_code == 200
    assert kept(as_owner, "red") and web.get("/health").get_json()["pictures"] == "ok"


def test_a_wrong_key_or_bucket_is_told_from_a_storage_that_is_away(
    s3: S3Server, app: Flask, as_owner: Browser, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (s3.bucket(secret="another"), s3.bucket(name="nobodys")):
        monkeypatch.setitem(app.config, "BUCKET", wrong)
        assert as_owner.post("/media", data={"pictures": (drawn("red"), "a.png")}, headers=JSON).status_code == 503
        assert as_manager.get("/health").get_json()["pictures"] == "refuses", wrong
        assert "проверьте ключ и бакет" in as_manager.get("/operations").text
        with pytest.raises(StoreAway) as refusal:
            list(bucket_store(wrong).names_older_than(utcnow()))
        assert refusal.value.is_refusal and SECRET not in str(refusal.value)
    assert s3.names() == []


def test_what_the_client_cannot_even_ask_is_a_storage_that_refuses(
    s3: S3Server, app: Flask, as_owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that it refuses, one at which it panics, an error of a kind that nobody knows."""
    strange = s3.bucket(prefix="strange/")
    monkeypatch.setattr(bucket_store(strange), "_quick", None)
    monkeypatch.setattr(bucket_store(strange), "_patient", None)
    for wrong in (s3.bucket(prefix="../x/"), s3.bucket(name="a b"), strange):
        monkeypatch.setitem(app.config, "BUCKET", wrong)
        refused = as_owner.post("/media", data={"pictures": (drawn("red"), "a.png")}, headers=JSON)
        assert refused.status_code == 503 and "ничего не сохранено" in refused.get_json()["detail"], wrong
        for _again in range(2):
            assert as_owner.get("/health").get_json()["pictures"] == "refuses", wrong
        with pytest.raises(StoreAway):
            list(bucket_store(wrong).names_older_than(utcnow()))


def test_an_end_of_the_process_or_of_its_job_is_not_the_storages(s3: S3Server) -> None:
    def interrupted() -> None:
        raise JobTimeoutException

    with pytest.raises(JobTimeoutException):
        bucket_store(s3.bucket())._ask(interrupted)


def test_the_command_asks_the_bucket_with_nothing_to_copy(
    s3: S3Server, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    for place, code in ((s3.bucket(), 0), (s3.bucket(secret="another"), 1), (s3.bucket(name="nobodys"), 1)):
        monkeypatch.setitem(app.config, "BUCKET", place)
        for target in ("bucket", "folder"):
            said = command(app, target)
            assert bool(said.exit_code) == bool(code), said.output
            assert ("Copied now: 0" in said.output) is not bool(code), said.output


def test_a_storage_that_is_silent_is_asked_by_one_of_those_who_want_pictures(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_bucket, "A_LOOK", timedelta(milliseconds=200))
    monkeypatch.setattr(picture_bucket, "REST_SECONDS", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.0)
        place = Bucket("pictures", f"http://127.0.0.1:{silent.getsockname()[1]}", "us-east-1", KEY, SECRET)
        store, file = picture_bucket.BucketStore(place), PictureFile("a" * 32, "b" * 64, "png")
        for _one in range(30):
            with pytest.raises(StoreAway):
                store.read(file)
        questions = 0
        with pytest.raises(BlockingIOError):
            while True:
                silent.accept()[0].close()
                questions += 1
        assert questions <= 2
        assert store.state() == "away"


def command(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["copy-pictures", *words])


def test_pictures_move_into_the_bucket_and_back_and_are_shown_all_the_while(
    s3: S3Server, app: Flask, as_owner: Browser, as_stranger: Browser, web: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setitem(app.config, "BUCKET", None)
    assert command(app, "bucket").exit_code != 0
    paths = [kept(as_owner, colour) for colour in ("red", "teal", "gold")] + [kept(as_stranger, "red")]
    folder = Path(folder_store().place)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 3
    monkeypatch.setitem(app.config, "BUCKET", s3.bucket())
    assert [web.get(path).status_code for path in paths] == [200] * 4, (
        "those that were not copied yet are in the folder"
    )
    s3.stop()
    away = command(app, "bucket")
    assert away.exit_code != 0 and "Run the command again" in away.output
    s3.start()
    one, *others = sorted(Picture.query.all(), key=lambda each: each.id)
    bucket_store(s3.bucket()).put(one.file, (folder_store().read(one.file) or b"")[:-1])  # cut short
    bucket_store(s3.bucket()).put(others[0].file, folder_store().read(others[0].file) or b"")
    done = command(app, "bucket", "--remove")
    assert "Pictures: 4. Copied now: 3 (" in done.output and "Were there already: 1." in done.output, done.output
    assert "Removed from where they were: 3." in done.output
    assert len(s3.names()) == 4 and not [path for path in folder.rglob("*") if path.is_file()]
    assert [web.get(path).status_code for path in paths] == [200] * 4
    (s3.folder / "pictures" / f"golub{paths[1]}").unlink()
    lost = command(app, "folder", "--remove")
    assert lost.exit_code == 1 and paths[1][3:] in lost.output and "Nothing was removed" in lost.output
    assert len(s3.names()) == 3
    again = command(app, "folder")
    assert "Copied now: 0" in again.output and "Were there already: 3." in again.output
    monkeypatch.setitem(app.config, "BUCKET", None)
    assert [web.get(path).status_code for path in paths] == [200, 404, 200, 200]


def test_the_client_is_loaded_by_who_asks_a_bucket() -> None:
    """Web and mail workers without one stay as small as they were."""
    code = (
        "import sys\nfrom mailer import create_app\nfrom config import TestingConfig\n"
        "app = create_app(TestingConfig(SECRET_KEY='of a test'))\n"
        "with app.app_context():\n    from mailer.picture_store import media_store\n    media_store()\n"
        "print([name for name in sys.modules if name.startswith('obstore')])"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert json.loads(said.strip().splitlines()[-1]) == []


def test_settings_that_name_half_a_bucket_are_refused() -> None:
    whole = {"S3_BUCKET": "golub-pictures", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s/+="}

    def read(**values: str) -> Bucket | None:
        return bucket(lambda name, default=None: values.get(name, default))

    assert read() is None
    at_amazon = read(**whole, S3_REGION="eu-north-1")
    assert at_amazon is not None and not at_amazon.has_path_style and at_amazon.endpoint is None
    own = read(**whole, S3_ENDPOINT="http://10.0.0.5:9000/", S3_PREFIX="mail/pictures")
    assert own is not None and (own.endpoint, own.prefix) == ("http://10.0.0.5:9000", "mail/pictures/")
    assert own.has_path_style and "s/+=" not in repr(own) and "10.0.0.5:9000" in own.place
    for sound in ({"S3_ENDPOINT": "https://[::1]:9000"}, {"S3_BUCKET": "a.b-c.d1"}, {"S3_PREFIX": "..a/.b/c..d/"}):
        assert read(**whole | sound) is not None, sound
    for wrong in (
        {"S3_BUCKET": "golub-pictures"},
        {"S3_ACCESS_KEY": "k"},
        {"S3_ENDPOINT": "https://s3.example.org"},
        {"S3_REGION": "eu-north-1"},
        {"S3_PREFIX": "golub/"},
        {"S3_PATH_STYLE": "1"},
        whole | {"S3_BUCKET": "Golub_Pictures!"},
        whole | {"S3_SECRET_KEY": "two words"},
        *(
            whole | {"S3_BUCKET": name}
            for name in ("a..b", "a.-b", "-ab", "ab", "a" * 64, "192.0.2.1", "xn--a", "a--x-s3")
        ),
        whole | {"S3_ENDPOINT": "s3.example.org"},
        *(
            whole | {"S3_ENDPOINT": f"http://{rest}"}
            for rest in ("us:two%20words@host", "us:two words@host/", "two words", "host/two words", "host?x", "host#x")
        ),
        whole | {"S3_REGION": "eu north"},
        *(
            whole | {"S3_PREFIX": prefix}
            for prefix in ("../../etc passwd", "../x", "a/../b", "a/..", ".", "./a", "a//b")
        ),
        whole | {"S3_PATH_STYLE": "perhaps"},
    ):
        with pytest.raises(ConfigError, match="S3_") as refusal:
            read(**wrong)
        assert not re.search("two( |%20)words", str(refusal.value)), wrong


def test_what_people_are_told_of_a_bucket_has_no_password() -> None:
    """Whoever makes one past the settings."""
    told = Bucket("pictures", "http://user:secret@[::1]:9000/x?y", "us-east-1", KEY, SECRET).place
    assert told == "s3://pictures/ ([::1]:9000)"
