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
    page = as_owner.post(f"/clients/import/{first.id}", data={"target-0": "email", "mode": "valid", "existing": "keep"})
    db.session.refresh(first)
    assert first.state is ImportState.UPLOADED, page.text
