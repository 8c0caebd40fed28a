"""Files of messages: through the page into mails that a mail server gets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default as modern
from typing import Any
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar
from PIL import Image
from sqlalchemy import select
from werkzeug.http import parse_options_header

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.messages import attachments as service
from mailer.models.account_email import AccountEmail
from mailer.models.attachment import Attachment, FileContent
from mailer.models.picture import Picture
from mailer.models.run import Run
from mailer.models.user import User
from mailer.picture_store import media_store
from mailer.sending import inline_pictures
from mailer.sending.attachments import forget_unused
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.test_mail import compose_trial
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import make_message
from tests.sending.conftest import finish

NAME = "Прайс-лист пекарни «Колос» на зиму, со скидками.pdf"
JSON = {"Accept": "application/json"}
EVENT = {
    "summary": "Дегустация",
    "starts": "2027-05-01T12:00",
    "minutes": "90",
    "place": "Тула",
    "description": "Ждём!",
}


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return content.getvalue()


def test_files_and_an_invitation_go_with_every_mail_of_the_run_as_they_were(
    lab: Lab, owner: User, as_owner: Browser, make_run: Callable[..., Run]
) -> None:
    message = make_message(owner)
    path, price = f"/messages/{message.id}/files", b"%PDF-1.7 \x00\xff" * 9000
    assert as_owner.post(path, data={"attachment": (io.BytesIO(price), "folder/" + NAME)}).status_code == 303
    assert as_owner.post(f"{path}/invitation", data=EVENT).status_code == 303
    assert NAME in as_owner.get(path).text and NAME in as_owner.get(f"/messages/{message.id}").text
    run = make_run("anna@example.test", "boris@example.test", message=message)
    before = fingerprint(run.mailing)
    first, second = db.session.scalars(select(Attachment).order_by(Attachment.id)).all()
    download = as_owner.get(f"{path}/{first.id}")
    assert (download.data, download.mimetype) == (price, "application/octet-stream")
    named = parse_options_header(download.headers["Content-Disposition"])
    assert named == ("attachment", {"filename": NAME}), "as the browser saves it"
    for each in (first, second):
        assert as_owner.post(f"{path}/{each.id}/delete").status_code == 303
    assert fingerprint(run.mailing) != before, "an approval covers the files"
    assert forget_unused(utcnow() + timedelta(days=9)) == 0, "a run keeps what it sends"
    assert finish(run).accepted_count == 2
    for record in lab.accepted:
        mail: Any = message_from_bytes(record.content or b"", policy=modern)
        pdf, ics = mail.iter_attachments()
        assert (pdf.get_filename(), pdf.get_content(), pdf.get_content_type()) == (NAME, price, "application/pdf")
        assert ics.get_content_type() == "text/calendar" and ics.get_param("method") == "PUBLISH"
        event: Any
        (event,) = Calendar.from_ical(ics.get_payload(decode=True)).walk("VEVENT")
        assert event["SUMMARY"] == "Дегустация" and event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=90)
    other = make_message(owner)
    as_owner.post(f"/messages/{other.id}/files", data={"attachment": (io.BytesIO(b"unsent"), "a.txt")})
    as_owner.post(f"/messages/{other.id}/files/{first.id + 2}/delete")
    assert forget_unused(utcnow()) == 0 and forget_unused(utcnow() + timedelta(days=9)) == 1
    assert len(db.session.scalars(select(FileContent.digest)).all()) == 2


def test_pictures_travel_inside_where_the_message_says_so(
    lab: Lab, owner: User, as_owner: Browser, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the mail alone: what is kept, shown in a browser and looked at goes on naming their addresses."""
    shown, over, linked = [picture_of(as_owner, colour) for colour in ("red", "green", "blue")]
    html = (
        f'<a href="{linked}"><img src="{shown}" alt="a"></a><td background={shown}><p style="background:url({shown})">'
        f"<!--[if mso]><v:fill src='{shown}'><![endif]--><img src='{over}'><img src='https://x.test/i/{'0' * 32}.png'>"
    )
    message = make_message(owner, html_body=html, text_body="")
    path = f"/messages/{message.id}/files"
    as_owner.post(path, data={"attachment": (io.BytesIO(b"x"), "a.txt")})
    run = make_run("anna@example.test", message=message)
    before, content = fingerprint(run.mailing), as_owner.get(urlsplit(shown).path).data
    assert as_owner.post(f"{path}/pictures", data={"inside": "1"}).status_code == 303
    monkeypatch.setattr(inline_pictures, "MOST_PICTURES", 1)
    assert "Поместится только 1 картинка" in as_owner.get(path).text
    assert fingerprint(run.mailing) != before, "an approval covers it"
    as_owner.post(f"/messages/{message.id}/test")
    trial = compose_trial(db.session.scalars(select(AccountEmail).order_by(AccountEmail.id.desc()).limit(1)).one())
    assert finish(make_run("boris@example.test", message=message)).accepted_count == 1
    for sent in (trial, lab.accepted[-1].content or b""):
        mail: Any = message_from_bytes(sent, policy=modern)
        whole, file = mail.iter_parts()
        text, related = whole.iter_parts()
        html_part, picture = related.iter_parts()
        kinds = [part.get_content_type() for part in (mail, whole, text, related, html_part, picture)]
        assert kinds == [
            "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        ]  # fmt: skip
        assert (picture.get_content(), file.get_filename()) == (content, "a.txt")
        arrived, cid = html_part.get_content(), picture["Content-ID"].strip("<>")
        assert (arrived.count(f"cid:{cid}"), arrived.count(linked), arrived.count(over)) == (4, 1, 1)
    assert "cid:" not in as_owner.get(f"/messages/{message.id}/html").text
    form = {"subject": "Copy", "html_body": html, "text_body": "", "copied_from": str(message.id)}
    copied = as_owner.get(as_owner.post("/messages/new", data=form).location + "/files").text
    assert "checked" in copied.split('id="inside"')[1][:80]
    first = db.session.scalars(select(Picture).order_by(Picture.id)).first()
    assert first is not None
    media_store().remove(first.file.content_name)
    assert finish(make_run("vera@example.test", message=message)).accepted_count == 1
    lost: Any = message_from_bytes(lab.accepted[-1].content or b"", policy=modern)
    assert shown in lost.get_body(("html",)).get_content(), "a file that is gone leaves the address"


def picture_of(browser: Browser, colour: str) -> str:
    """The address of a new picture of the library."""
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "PNG")
    answer: Any = browser.post("/media", data={"pictures": (io.BytesIO(out.getvalue()), "a.png")}, headers=JSON)
    return str(answer.json["pictures"][0]["url"])


def test_what_cannot_go_is_refused_with_a_word(owner: User, as_owner: Browser, as_stranger: Browser) -> None:
    path = f"/messages/{make_message(owner).id}/files"

    def answer(content: bytes, name: str, status: int = 422) -> str:
        said = as_owner.post(path, data={"attachment": (io.BytesIO(content), name)})
        assert said.status_code == status, name
        return str(said.text)

    for content, name in (
        (b"x", "a.EXE"),
        (b"x", "счёт.pdf\u202eexe.js"),
        (b"MZ\x90", "photo.jpg"),
        (b"#!/bin/sh", "read.me"),
        (b"x", "a.xlsm"),
        (archive("docs/setup.bat"), "docs.zip"),
        (archive("inner.zip"), "docs.zip"),
        (archive("xl/vbaProject.bin"), "a.xlsx"),
    ):
        assert "серверы" in answer(content, name), name
    for content, name, words in (
        (b"", "a.txt", "пуст"),
        (b"x", "", "Сначала"),
        (b"x", "a.rar", "ZIP"),
        (b"PK\x03\x04 broken", "a.zip", "повреждён"),
        (b"x" * (service.MOST_BYTES + 1), "a.pdf", "7"),
    ):
        assert words in answer(content, name), name
    for number in range(service.MOST_FILES):
        assert as_owner.post(path, data={"attachment": (io.BytesIO(b"%d" % number), "a.txt")}).status_code == 303
    assert "5" in answer(b"one more", "a.txt")
    for wrong in (
        {"starts": "0001-01-01T00:00"},
        {"starts": "9999-12-31T23:59"},
        {"starts": "x"},
        {"minutes": "0"},
        {"minutes": "²"},
        {"minutes": "9" * 4000},
        {"summary": ""},
        {"summary": "x" * 201},
        {"description": "x" * 3001},
        {"place": "a\nb"},
    ):
        assert as_owner.post(f"{path}/invitation", data=EVENT | wrong).status_code == 422, wrong
    one = db.session.scalars(select(Attachment)).first()
    assert one is not None and as_stranger.get(f"{path}/{one.id}").status_code == 404


def test_names_keep_their_endings_and_lose_what_deceives() -> None:
    assert service.file_name_of("..\\..\\a/b\u202e.pdf") == "b.pdf"
    assert service.file_name_of("ж" * 300 + ".pdf") == "ж" * 146 + ".pdf"
    assert service.file_name_of("\r\n") != "" and len(service.file_name_of("x" * 300)) == 150
