"""What one person can pile up has an end."""

from __future__ import annotations

import io
import re
from pathlib import Path

from flask import Flask
from redis import Redis
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.client_import import ClientImport, ImportState
from tests.clients.conftest import form_on
from tests.conftest import Browser, Servers
from tests.factories import save


def test_previews_of_one_person_take_the_place_of_each_other(as_owner: Browser, servers: Servers) -> None:
    redis, addresses = Redis.from_url(servers.redis_url), []
    for number in range(12):
        page = as_owner.post("/messages/preview", data={"subject": "S", "html_body": f"<p>{number} Hello</p>"}).text
        addresses.append(re.search(r"/messages/preview/[0-9a-f]{64}", page)[0])  # type: ignore[index]
    assert len(redis.keys("cache:preview:*")) == 4
    assert [as_owner.get(address).status_code for address in addresses[-4:]] == [200] * 4
    assert as_owner.get(addresses[0]).status_code == 404


def upload(browser: Browser, number: int) -> int:
    content = io.BytesIO(f"email\na{number}@example.test\n".encode())
    answer = browser.post("/clients/import/", data={"file": (content, "a.csv")})
    return int(answer.location.rpartition("/")[2])


def test_files_that_were_never_imported_do_not_pile_up(app: Flask, as_owner: Browser) -> None:
    ids = [upload(as_owner, number) for number in range(7)]
    kept = db.session.scalars(select(ClientImport).order_by(ClientImport.id)).all()
    assert [one.id for one in kept] == ids[2:]
    folder = Path(app.config["IMPORTS_DIR"])
    assert {one.stored_file for one in kept} <= {path.name for path in folder.iterdir()}


def test_only_so_many_imports_wait_at_once(as_owner: Browser) -> None:
    first = db.session.get_one(ClientImport, upload(as_owner, 0))
    for _number in range(10):
        save(ClientImport(owner_id=first.owner_id, file_name="b.csv", stored_file="b.csv", state=ImportState.QUEUED))
    form = form_on(as_owner.get(f"/clients/import/{first.id}").text)
    page = as_owner.post(f"/clients/import/{first.id}", data=form)
    db.session.refresh(first)
    assert (page.status_code, first.state) == (303, ImportState.UPLOADED), page.text


def swell(app: Flask, stored_file: str, megabytes: int) -> None:
    """As if a sheet of it had been unpacked to so much text; the file has holes, and takes no room here."""
    with (Path(app.config["IMPORTS_DIR"]) / stored_file).with_suffix(".7.csv").open("wb") as file:
        file.truncate(megabytes * 2**20)


def test_what_files_are_unpacked_to_has_an_end(app: Flask, as_owner: Browser) -> None:
    ids = [upload(as_owner, number) for number in range(4)]
    for import_id in ids[:3]:
        swell(app, db.session.get_one(ClientImport, import_id).stored_file, 100)
    page = as_owner.get(f"/clients/import/{ids[3]}").text
    assert "300\N{NO-BREAK SPACE}МБ" in page
    assert db.session.scalars(select(ClientImport.id).order_by(ClientImport.id)).all() == ids[1:]
    swell(app, db.session.get_one(ClientImport, ids[3]).stored_file, 150)
    upload(as_owner, 4)
    kept = db.session.scalars(select(ClientImport.id).order_by(ClientImport.id)).all()
    assert kept == [ids[2], ids[3], kept[-1]], "the oldest go first"
    folder = Path(app.config["IMPORTS_DIR"])
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300 * 2**20


def test_no_file_comes_in_beside_too_much_that_waits(app: Flask, as_owner: Browser) -> None:
    waiting = [db.session.get_one(ClientImport, upload(as_owner, number)) for number in range(3)]
    for one in waiting:
        swell(app, one.stored_file, 100)
        one.state = ImportState.QUEUED
    db.session.commit()
    before = sorted(path.name for path in Path(app.config["IMPORTS_DIR"]).iterdir())
    answer = as_owner.post("/clients/import/", data={"file": (io.BytesIO(b"email\nb@example.test\n"), "b.csv")})
    assert answer.status_code == 422
    assert "300\N{NO-BREAK SPACE}МБ" in answer.text
    assert sorted(path.name for path in Path(app.config["IMPORTS_DIR"]).iterdir()) == before
    assert db.session.query(ClientImport).count() == 3


def test_of_reports_the_oldest_go(app: Flask, as_owner: Browser) -> None:
    done = [db.session.get_one(ClientImport, upload(as_owner, number)) for number in range(3)]
    folder = Path(app.config["IMPORTS_DIR"])
    for one in done:
        one.state, one.finished_at = ImportState.DONE, one.created_at
        with (folder / one.stored_file).with_suffix(".report.jsonl").open("wb") as file:
            file.truncate(45 * 2**20)
    db.session.commit()
    upload(as_owner, 3)
    reports = {path.name for path in folder.glob("*.report.jsonl")}
    assert reports == {Path(one.stored_file).with_suffix(".report.jsonl").name for one in done[1:]}
    page = as_owner.get(f"/clients/import/{done[0].id}")
    assert page.status_code == 200
