"""A letter made elsewhere comes in whole: its HTML as it was made, its pictures in the library."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.messages.imported import compiled_mjml, with_addresses
from mailer.models.message import Message
from mailer.models.picture import Picture
from tests.conftest import Browser

PAGE = """<!DOCTYPE html><html><head><title>Новости &amp; скидки</title>
<style>.a{background:url('img/bg.png')}</style></head>
<body><img src="img/a.png" alt="a"><td background='img/bg.png'>x</td>
<img src="img/none.png"><!--[if mso]><img src="img/a.png"><![endif]-->
<a href="https://a.test/">b</a></body></html>"""


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(out, "PNG")
    return out.getvalue()


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()


def send(browser: Browser, content: bytes, name: str) -> TestResponse:
    return browser.post("/messages/import", data={"letter": (io.BytesIO(content), name)})


def test_an_archive_brings_its_pictures(as_owner: Browser) -> None:
    files = {"письмо/index.html": PAGE.encode(), "письмо/img/a.png": picture("red"),
             "письмо/img/bg.png": picture("blue"), "письмо/img/unused.png": picture("green"),
             "__MACOSX/index.html": b"x"}  # fmt: skip
    answer = send(as_owner, archive(**files), "letter.zip")
    assert answer.status_code == 303, answer.text
    message, pictures = db.session.scalars(select(Message)).one(), db.session.scalars(select(Picture)).all()
    assert (message.subject, len(pictures)) == ("Новости & скидки", 2)
    red, blue = (next(f"/i/{one.file_name}" for one in pictures if one.name == name) for name in ("a.png", "bg.png"))
    assert message.html_body.count(red) == 2 and message.html_body.count(blue) == 2
    assert message.html_body.startswith("<!DOCTYPE html><html><head><title>") and "img/" not in message.html_body
    page = as_owner.get(answer.location).text
    assert "img/none.png" in page


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "a.html"), (b"hello", "a.html"), (b"<p>\xff\xfe\xfd</p>", "a.html"), (b"PK\x03\x04 cut", "a.zip"),
        (archive(**{"a.txt": b"x"}), "a.zip"), (archive(**{f"{n}.html": b"" for n in range(400)}), "a.zip"),
        (b"<p>" + b"x" * 700_000, "a.html"), (b"\x89PNG\r\n\x1a\n\0", "a.png"), (b"<script>1</script>", "a.html"),
        (b"<mjml><mj-body>" + b"<mj-section>" * 500, "a.mjml"), (b"<mjml><mj-body></p></mj-body></mjml>", "a.mjml"),
    ],
)  # fmt: skip
def test_what_is_no_letter_is_refused_with_a_word(as_owner: Browser, content: bytes, name: str) -> None:
    answer = send(as_owner, content, name)
    assert answer.status_code == 422 and "letter-error" in answer.text
    assert db.session.scalar(select(Message.id)) is None


def test_mjml_is_compiled_apart() -> None:
    page = compiled_mjml(
        "<mjml><mj-body><mj-section><mj-column><mj-text>Привет, {{ имя }}</mj-text></mj-column></mj-section>"
        "</mj-body></mjml>"
    )
    assert "Привет, {{ имя }}" in page and "<!doctype html>" in page.lower()
    with pytest.raises(Refusal):
        compiled_mjml("<mjml><mj-body>" + '<div a=">" b="<">' * 300)
    with pytest.raises(Refusal):
        compiled_mjml('<mjml><mj-head><mj-include path="/etc/passwd"/></mj-head><mj-body></mj-body></mjml>')


def test_only_addresses_of_pictures_change() -> None:
    html = "<a href='a.png'>a.png</a><img src=a.png><b style='background:url(a.png)' title=\"a.png\">{{ x }}</b><img src='https://x/a.png'>"
    assert with_addresses(html, lambda address: f"/new/{address}") == (
        "<a href='a.png'>a.png</a><img src=\"/new/a.png\">"
        "<b style='background:url(/new/a.png)' title=\"a.png\">{{ x }}</b>"
        "<img src='https://x/a.png'>"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_html_of_two_octets_a_letter_is_read(as_owner: Browser, encoding: str) -> None:
    assert send(as_owner, "<p>Привет, хлеб</p>".encode(encoding), "letter.html").status_code == 303
    assert "Привет, хлеб" in db.session.scalars(select(Message)).one().html_body


def test_what_begins_as_mjml_is_never_taken_for_html(as_owner: Browser) -> None:
    for text, name in (
        ("<mjml", "letter.html"), ("<!-- " + "x" * 3000 + " --><mjml><mj-body></mj-oops>", "letter.html"),
        ("<mj-section></mj-section>", "letter.html"), ("<p>x</p>", "letter.mjml"),
    ):  # fmt: skip
        assert send(as_owner, text.encode(), name).status_code == 422, text[:20]
    assert send(as_owner, b"<p>about &lt;mjml&gt; and <mjmlx></p>", "letter.html").status_code == 303


def test_mjml_pasted_into_the_form_becomes_html(as_owner: Browser) -> None:
    head = '<mj-head><mj-attributes><!-- all --><mj-all color="red"/></mj-attributes> \n</mj-head>'
    source = (
        f"<mjml>{head}<mj-body><mj-section><mj-column><mj-text>Хлеб</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    form = {"subject": "Новости", "html_body": source, "text_body": ""}
    assert "Хлеб" in as_owner.post("/messages/preview", data=form).text
    assert as_owner.post("/messages/new", data=form).status_code == 303
    saved = db.session.scalars(select(Message)).one().html_body
    assert "<table" in saved and "mj-text" not in saved
    refused = as_owner.post("/messages/new", data={**form, "html_body": "<mjml><mj-body></mj-oops>"})
    assert refused.status_code == 422 and "&lt;mj-body&gt;&lt;/mj-oops&gt;" in refused.text  # what was typed is kept
