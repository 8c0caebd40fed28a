"""The parts of a report that machines write: blocks of fields, and the returned mail. None of it can be trusted."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from itertools import islice
from typing import cast

from mailer.bounces.report import MAX_TEXT, Said

MAX_PARTS = 50
MAX_ADDRESS = 254
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_FAILED_STATUS = re.compile(r"(?<![\d.])([45]\.\d\.\d{1,3})(?![\d.])")  # of free text: dates look alike
_CODE = re.compile(r"(?<![\d.(-])(4[2357]\d|5[0-7]\d)(?:[ \-#(]+([45]\.\d{1,3}\.\d{1,3}))?(?![\d.])")
_TYPE = re.compile(r"^[\w-]+; ?", re.ASCII)  # of a diagnostic code: `smtp; 550 …`
_COMMENT = re.compile(r"\([^()]*\)")


def blocks_of(message: Message) -> Iterator[Message]:
    """The blocks of delivery status and feedback; the parser leaves encoded ones as text."""
    for part in islice(message.walk(), MAX_PARTS):
        kind, inner = part.get_content_subtype(), _inner(part)
        if kind == "delivery-status" and any(block.keys() for block in inner):
            yield from inner
        elif kind in ("delivery-status", "global-delivery-status", "feedback-report"):
            yield from _parsed_blocks(part, inner)


def _parsed_blocks(part: Message, inner: list[Message]) -> Iterator[Message]:
    body = b"\n\n".join(each.as_bytes() for each in inner) if inner else _bytes(part)
    if inner and value_of(part, "content-transfer-encoding").lower() == "base64":
        body = a2b_base64(body)
    for block in re.split(rb"\r?\n\r?\n", body)[:MAX_PARTS]:
        if block.strip():
            yield message_from_bytes(block.lstrip())


def returned_of(message: Message) -> Iterator[Message]:
    """The mail that came back, or its head."""
    for part in islice(message.walk(), MAX_PARTS):
        if part.get_content_type() in ("message/rfc822", "message/global"):
            yield from _inner(part)
        elif part.get_content_subtype() in ("rfc822-headers", "global-headers"):
            yield message_from_bytes(_bytes(part))


def said_in(block: Message) -> Said | None:
    """What a block of RFC 3464 says of a recipient; None for the one about the whole mail.

    The original recipient is whom we wrote to, the final one where a forwarding ended.
    """
    named = value_of(block, "original-recipient") or value_of(block, "final-recipient")
    action = value_of(block, "action").lower()
    if not named or not action:
        return None
    text = _TYPE.sub("", " ".join(value_of(block, "diagnostic-code").split()))[:MAX_TEXT]
    status, code = _STATUS.search(f"{value_of(block, 'status')} {text}"), _CODE.search(text)
    return Said(
        address=_COMMENT.sub("", named.rpartition(";")[2]).strip(' <>"\r\n\t')[:MAX_ADDRESS],
        action=action[:32],
        status=status[1] if status else "",
        code=int(code[1]) if code else None,
        text=text,
        server=value_of(block, "remote-mta").rpartition(";")[2].strip()[:MAX_ADDRESS],
    )


def said_in_words(message: Message) -> Said:
    """Code, status and the line they stand in, of a report in free text; often there is none."""
    text = text_of(message)
    code, status = _CODE.search(text), _FAILED_STATUS.search(text)
    return Said(
        status=(code[2] if code and code[2] else status[1] if status else ""),
        code=int(code[1]) if code else None,
        text=text[code.start() :].partition("\n")[0].strip()[:300] if code else "",
    )


def reply_in(text: str) -> tuple[int | None, str]:
    """The code and the enhanced status that stand in a line; None and empty where there are none."""
    code, status = _CODE.search(text), _STATUS.search(text)
    return int(code[1]) if code else None, (code[2] if code and code[2] else status[1] if status else "")


def value_of(block: Message, name: str) -> str:
    """A field as it stands, empty when missing; RFC 6533 writes UTF-8 there."""
    found = next((str(value) for key, value in block.raw_items() if key.lower() == name), "")
    return found.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def decoded(text: str) -> str:
    """A header as a person reads it, cut to a line."""
    try:
        return " ".join(str(make_header(decode_header(text[:2000]))).split())[:200]
    except (ValueError, LookupError, MessageError):  # bytes that are none, an unknown charset, Base64 that is none
        return " ".join(text.split())[:200]


def text_of(message: Message) -> str:
    """The beginning of all that is meant for people."""
    parts = (part for part in islice(message.walk(), MAX_PARTS) if part.get_content_maintype() == "text")
    return b"\n".join(_bytes(part)[:20_000] for part in parts)[:60_000].decode("utf-8", "replace")


def _inner(part: Message) -> list[Message]:
    return cast("list[Message]", part.get_payload()) if part.is_multipart() else []


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""
