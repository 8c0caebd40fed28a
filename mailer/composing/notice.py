"""A mail to one person that is no mailing: the same header lines and body lines, and nothing of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailer.composing import mime
from mailer.composing.headers import mailbox_line, message_id_line, text_line
from mailer.composing.quoted_printable import encode


@dataclass(frozen=True, slots=True)
class Notice:
    """Finished texts; `html` may be empty, `date` is aware, `message_id` holds its domain."""

    from_name: str
    from_email: str
    to_email: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime


def build_notice(notice: Notice) -> bytes:
    """The mail for SMTP's DATA: CRLF, dots doubled, without the final dot. Raises HeaderError for a bad address."""
    head = (
        mailbox_line("From", notice.from_name, notice.from_email)
        + mailbox_line("To", "", notice.to_email)
        + text_line("Subject", notice.subject)
        + f"Date: {format_datetime(notice.date)}\r\n"
        + message_id_line(notice.message_id, "localhost")
        + "Auto-Submitted: auto-generated\r\n"
        + "X-Auto-Response-Suppress: All\r\n"
        + "MIME-Version: 1.0\r\n"
    )
    html = mime.html_part([_lines(notice.html)], [], "") if notice.html.strip() else None
    boundary = mime.boundary_for(notice.subject, notice.text, notice.html)
    return head.encode("ascii") + b"".join(mime.content([_lines(notice.text)], html, boundary))


def _lines(text: str) -> bytes:
    return encode(text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n")
