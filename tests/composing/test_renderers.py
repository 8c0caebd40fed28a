"""What was stored before a new renderer leaves as it always did, octet by octet."""

import hashlib

import pytest
from flask import Flask

from mailer.composing.body import FIRST_RENDERER
from mailer.composing.email import Content, compile_email
from mailer.models.message import Message
from mailer.sending.contents import as_copy, content_of_copy
from tests.composing.emails import DATE, HEADERS, recipient

STORED = [
    (
        "a",
        "",
        '<p>{{ имя | "друг" }}, <a href="{{ сайт }}" rel="noopener noreferrer">сайт</a>'
        ' <a href="tel:{{ телефон }}" rel="noopener noreferrer">x</a></p>',
        "ef10cb3cd2db2048730dd11573df368ec967a5cd0f2d433bdbd03a9bbd8e5e36",
    ),
    (
        "b {{ имя }}",
        "Текст {{ сайт }} https://a.test/{{ телефон }}",
        '<table><tbody><tr><td title="a &gt; b" style="color:red">href="{{ имя }}" &lt;a href=\'{{ имя }}\'&gt;'
        '<a href="https://{{ сайт }}/?q={{ телефон }}" rel="noopener noreferrer">{{ unsubscribe_url }}</a>'
        "</td></tr></tbody></table>",
        "b03ba1afbf049d63701dc6feb9ce0289d8d70b210acf8d07c08a1b4841975edd",
    ),
    (
        "c",
        "",
        '<p>&lt;/body&gt; <img src="https://x.test/a.png" alt="{{ имя }}"></p>\n<pre>\n a</pre>',
        "417d986171f3a7d40ac93f3e1083b7145fefa22857f8439fe9888b3278bf91b8",
    ),
]


@pytest.mark.parametrize(("subject", "text", "html", "digest"), STORED)
def test_a_run_of_before_sends_the_same_octets(subject: str, text: str, html: str, digest: str) -> None:
    content = content_of_copy({"subject": subject, "text": text, "html": html})
    assert content == Content(subject, text, html, FIRST_RENDERER)
    values = {"first_name": "Ян <b>", "сайт": "www.example.test/a", "телефон": "+7 900 000-00-00"}
    built = compile_email(content, HEADERS, DATE).build(recipient(**values))
    assert hashlib.sha256(built).hexdigest() == digest


def test_a_copy_of_an_old_message_is_what_it_was(app: Flask) -> None:
    """So approvals given to it stay good; a message that is saved anew is copied with its renderer."""
    old = Message(subject="s", text_body="t", html_body="h", renderer=FIRST_RENDERER)
    assert as_copy(old) == {"subject": "s", "text": "t", "html": "h"}
    new = Message(subject="s", text_body="t", html_body="h", renderer=2)
    assert content_of_copy(as_copy(new)) == Content("s", "t", "h", 2)
