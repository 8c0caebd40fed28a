"""Headers, a recipient and a wire reader for the tests of composing."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from mailer.composing.email import CompiledEmail, Content, MailHeaders, Recipient, compile_email

DATE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LINK = "https://golub.example.com/u/0123456789abcdef"
HEADERS = MailHeaders(
    from_email="news@example.com",
    from_name="Пекарня «Голубь»",
    reply_to="baker@example.com",
    list_id="m7.golub.example.com",
    list_name="Новости пекарни",
    message_id_domain="golub.example.com",
    unsubscribe_label="Отписаться от рассылки",
)


def compiled(subject: str = "Новости", text: str = "", html: str = "") -> CompiledEmail:
    return compile_email(Content(subject, text, html), HEADERS, DATE)


def recipient(address: str = "ivan@example.com", link: str = LINK, **values: str) -> Recipient:
    return Recipient(address, values, "run.5", link)


def received(data: bytes) -> EmailMessage:
    """The mail as a server that follows RFC 5321 hands it on: dots undone."""
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")
    assert b"." not in lines
    undotted = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    message = email.message_from_bytes(undotted, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def content_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
