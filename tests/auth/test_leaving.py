"""Taking one's data along, and leaving for good."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text

from mailer.accounts import own_data
from mailer.accounts.erasing import erase_some
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal.entries import verify
from mailer.models.attachment import FileContent
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client import Client
from mailer.models.client_import import ClientImport
from mailer.models.run import Run, StopReason
from mailer.models.user import Role, User
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_now
from tests.auth.conftest import Mailbox, fresh
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_client, make_mailing, make_user, save
from tests.narrowing import one

EXAMPLES = {
    int: 1, str: "a", bool: True, dict: {}, list: [], datetime: datetime(2026, 1, 1), date: date(2026, 1, 1),
    time: time(9), UUID: UUID(int=1), Decimal: Decimal("1.50"),
}  # fmt: skip


def furnish(user: User) -> Run:
    """Some of everything; a run that waits to be sent."""
    mailing = make_mailing(user, [make_client(user, f"c{number}@{user.id}.example.test") for number in range(3)])
    run = start_now(mailing, "x")
    write_recipient_list(run.id)
    return db.session.get_one(Run, run.id)


def archive_of(web: Browser) -> dict[str, Any]:
    answer = web.post("/profile/data/export", data={"export-password": PASSWORD})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        lines = {name: archive.read(name) for name in archive.namelist()}
    return {
        name: [json.loads(line) for line in content.splitlines()] if name.endswith(".jsonl") else content
        for name, content in lines.items()
    }


def test_everything_of_mine_and_nothing_of_others_is_in_the_archive(
    as_owner: Browser, owner: User, stranger: User
) -> None:
    furnish(owner)
    furnish(stranger)
    files = archive_of(as_owner)
    assert [row["email"] for row in files["users.jsonl"]] == [owner.email]
    assert {row["email"] for row in files["clients.jsonl"]} == {
        f"c{number}@{owner.id}.example.test" for number in range(3)
    }
    assert len(files["deliveries.jsonl"]) == 3
    assert len(files["messages.jsonl"]) == len(files["mailings.jsonl"]) == len(files["runs.jsonl"]) == 1
    everything = json.dumps(files)
    assert stranger.email not in everything
    assert f"@{stranger.id}.example.test" not in everything


def test_every_kind_of_value_goes_into_the_archive(as_owner: Browser, owner: User) -> None:
    for table in db.metadata.sorted_tables:
        query = own_data.query_of(table, owner.id)
        for kind in {column.type.python_type for column in query.selected_columns} if query is not None else ():
            assert kind in EXAMPLES or issubclass(kind, Enum), f"{table.name} keeps a kind nobody thought of: {kind}"
    json.dumps(list(EXAMPLES.values()), default=own_data.plain)
    save(FileContent(owner_id=owner.id, digest="0" * 64, content=b"%PDF", size=4))
    make_mailing(owner, window_opens=time(9, 30), window_closes=time(18))
    files = archive_of(as_owner)
    [mailing] = files["mailings.jsonl"]
    assert (mailing["window_opens"], mailing["window_closes"]) == ("09:30:00", "18:00:00")
    assert files["files/" + "0" * 64] == b"%PDF"


def test_the_archive_holds_no_key_to_anything(as_owner: Browser, owner: User) -> None:
    everything = json.dumps(archive_of(as_owner))
    assert "argon2" not in everything
    for name in ("password_hash", "key_hash", "token_hash", "recovery_hashes", '"token"'):
        assert name not in everything


def test_every_table_that_names_an_owner_is_in_the_archive(as_owner: Browser) -> None:
    named = {
        table.name
        for table in db.metadata.sorted_tables
        if {"owner_id", "user_id", "author_id", "actor_id"} & set(table.c.keys())
    }
    assert {f"{name}.jsonl" for name in named} <= set(archive_of(as_owner))


def test_taking_the_data_along_and_leaving_ask_for_the_password(as_owner: Browser, owner: User) -> None:
    for path, field in (("/profile/data/export", "export-password"), ("/profile/delete", "delete-password")):
        assert as_owner.post(path).status_code == 422
        assert as_owner.post(path, data={field: "wrong one"}).status_code == 422
    assert fresh(owner).erased_at is None


def test_an_account_is_deleted_and_nothing_more_of_it_leaves(
    app: Flask, as_owner: Browser, owner: User, mailbox: Mailbox, stranger: User
) -> None:
    run, other = furnish(owner), furnish(stranger)
    address = owner.email
    Path(app.config["IMPORTS_DIR"]).mkdir(parents=True, exist_ok=True)
    upload = Path(app.config["IMPORTS_DIR"]) / "0123456789abcdef.csv"
    upload.write_text("email\n")
    save(ClientImport(owner_id=owner.id, file_name="a.csv", stored_file=upload.name))
    save(BlogPost(title="Draft", slug="draft", content="x", author_id=owner.id))
    save(BlogPost(title="Out", slug="out", content="x", author_id=owner.id, status=PostStatus.PUBLISHED,
                  published_at=utcnow()))  # fmt: skip
    assert as_owner.post("/profile/delete", data={"delete-password": PASSWORD}).status_code == 303
    assert as_owner.get("/profile").status_code == 302
    assert [mail["To"] for mail in mailbox.fetch()] == [address], "a farewell"
    gone = fresh(owner)
    assert (gone.email, gone.name, gone.password_hash, gone.avatar_file) == (
        f"deleted-{gone.id}@deleted.invalid",
        "",
        "",
        None,
    )
    assert db.session.get_one(Run, run.id).stop_reason is StopReason.BLOCKED
    assert erase_some() == 0, "first the run is closed"
    stop_what_must()
    assert erase_some(60) == 1
    assert erase_some(60) == 0
    for table in db.metadata.sorted_tables:
        if "owner_id" in table.c:
            left = set(db.session.scalars(select(table.c.owner_id)))
            assert owner.id not in left, table.name
    assert db.session.scalar(select(Run.id).where(Run.id == other.id)) == other.id, "others keep theirs"
    assert len(db.session.scalars(select(Client)).all()) == 3
    assert not upload.exists()
    assert [(post.slug, post.author_id) for post in db.session.scalars(select(BlogPost))] == [("out", None)]
    kept = db.session.scalar(text("SELECT string_agg(t::text, '') FROM users t")) or ""
    assert address not in kept
    assert verify().broken_id is None


def test_the_address_is_free_again(app: Flask, web: Browser, as_owner: Browser, owner: User) -> None:
    address = owner.email
    as_owner.post("/profile/delete", data={"delete-password": PASSWORD})
    assert web.post("/login", data={"email": address, "password": PASSWORD}).status_code == 422
    web.post("/register", data={"email": address, "consent": "y"})
    assert db.session.scalars(select(User).where(User.email == address)).one().id != owner.id


def test_nobody_sees_a_deleted_account(as_manager: Browser, as_owner: Browser, owner: User) -> None:
    as_owner.post("/profile/delete", data={"delete-password": PASSWORD})
    assert as_manager.get(f"/manager/users/{owner.id}").status_code == 404
    assert as_manager.post(f"/manager/users/{owner.id}/unblock").status_code == 404
    assert f'data-user="{owner.id}"' not in as_manager.get("/manager").text


def test_the_last_administrator_cannot_leave(app: Flask) -> None:
    boss = make_user(role=Role.ADMIN)
    web = browser_of(app).login(boss)
    assert web.post("/profile/delete", data={"delete-password": PASSWORD}).status_code == 409
    make_user(role=Role.ADMIN)
    assert web.post("/profile/delete", data={"delete-password": PASSWORD}).status_code == 303


def test_consent_is_kept_with_its_time_and_text(web: Browser) -> None:
    values = {"email": "new@golub.test"}
    assert web.post("/register", data=values).status_code == 422, "no box is ticked beforehand"
    assert "checked" not in web.get("/register").text
    before = utcnow()
    web.post("/register", data=values | {"consent": "y", "consent_version": "forged"})
    user = db.session.scalars(select(User)).one()
    assert user.consent_version == "2026-11-21"
    assert before <= one(user.consented_at) <= utcnow()
