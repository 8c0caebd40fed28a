"""Files that go with a mail, read back by the standard library."""

from __future__ import annotations

from dataclasses import replace

from mailer.composing.attachments import AttachedFile, attached
from mailer.composing.email import Content, compile_email
from tests.composing.emails import DATE, HEADERS, content_of, received, recipient

NAMES = (
    "price.pdf", "a b (1).pdf", 'q"uo\\te.pdf', "Прайс.pdf", "Прайс-лист пекарни «Колос» на зиму, со скидками.xlsx",
    "ж" * 146 + ".pdf", "😀" * 70 + ".pdf", "100%.txt", "=?utf-8?b?x?=.txt",
)  # fmt: skip


def test_files_arrive_as_they_were_under_their_names_whatever_the_halves_are() -> None:
    files = tuple(
        AttachedFile(name, "application/pdf", bytes(range(256)) * number) for number, name in enumerate(NAMES, 1)
    )
    for text, html in (("Привет, {{ имя }}", ""), ("", "<p>Привет, {{ имя }}</p>"), ("Привет, {{ имя }}", "<p>x</p>")):
        content = Content("Новости", text, html, files=files)
        mail = compile_email(content, HEADERS, DATE)
        data = mail.build(recipient(first_name="Анна"))
        assert len(data) > mail.size > sum(len(file.content) for file in files)
        assert all(len(line) <= 78 for line in data.split(b"\r\n"))
        sent = received(data)
        found = list(sent.iter_attachments())
        assert [(part.get_filename(), part.get_content()) for part in found] == [(f.name, f.content) for f in files]
        assert "Привет, Анна" in content_of(sent, "plain")
        assert sent.get_content_type() == "multipart/mixed"
        bare = compile_email(replace(content, files=()), HEADERS, DATE).build(recipient(first_name="Анна"))
        assert b"multipart/mixed" not in bare and b"attachment" not in bare


def test_a_kind_that_is_none_is_octets() -> None:
    for kind in ("text/html\r\nX: y", "", "x"):
        assert attached(AttachedFile("a", kind, b"x")).startswith(b"Content-Type: application/octet-stream\r\n")
