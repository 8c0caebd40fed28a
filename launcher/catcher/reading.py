"""One caught mail taken apart for the page: headers, text, HTML, attachments. Hostile until shown escaped."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import Message

from launcher.catcher.spool import readable

SHOWN_HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "List-Unsubscribe")
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
HEAD_TAG = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """The parts of a mail a person reads; missing ones are empty."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str]

    @property
    def text_pieces(self) -> list[tuple[str, bool]]:
        """The text cut into (piece, whether it is a link)."""
        pieces, end = [], 0
        for found in LINK.finditer(self.text):
            pieces += [(self.text[end : found.start()], False), (found[0], True)]
            end = found.end()
        return [*pieces, (self.text[end:], False)]

    @property
    def framed_html(self) -> str:
        """The HTML part with its links opening outside the frame it is shown in."""
        base = '<base target="_blank">'
        found = HEAD_TAG.search(self.html)
        return self.html[: found.end()] + base + self.html[found.end() :] if found else base + self.html


def read_mail(content: bytes) -> Reading:
    """Take a mail apart; whatever cannot be decoded is shown as well as may be, never refused."""
    message = email.message_from_bytes(content)
    texts: dict[str, str] = {}
    attachments: list[str] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_filename() or part.get_content_type() not in ("text/plain", "text/html"):
            attachments.append(readable(part.get_filename() or part.get_content_type()))
        else:
            texts.setdefault(part.get_content_type(), _decoded(part))
    headers = [(name, readable(str(message[name]))) for name in SHOWN_HEADERS if message[name]]
    return Reading(headers, texts.get("text/plain", ""), texts.get("text/html", ""), attachments)


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
