"""From the bytes of a mail that came back to what it says: the standards first, `flufl.bounce` for the rest.

The order matters. DSNs of Postfix call themselves `auto-replied` too, and a person may quote a bounce.
"""

from __future__ import annotations

import logging
import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses, parseaddr
from itertools import islice

from flufl.bounce import all_failures

from mailer.bounces.fields import (
    MAX_ADDRESS,
    MAX_PARTS,
    blocks_of,
    decoded,
    returned_of,
    said_in,
    said_in_words,
    value_of,
)
from mailer.bounces.report import FORWARDED_HEADER, Kind, Report, Said

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # its detectors trip over hostile mails, as is known

MOST_HOPS = 50  # of an honest mail; RFC 5321, section 6.3, asks for 100 before it is called a loop
READ_BYTES = 256 * 1024  # a report says its facts before it returns the mail; flufl takes 12 s for a line of 10 MB
_ACTIONS = (
    (Kind.BOUNCE, ("fail", "error")),
    (Kind.DELAYED, ("delay",)),
    (Kind.DELIVERED, ("deliver", "relay", "expand")),
)
_COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "opt-out", "opt-out-list"}
)  # not: not-spam, auth-failure (RFC 5965)
_TO = ("x-original-to", "delivered-to", "envelope-to", "to")
_OF_ORIGINAL = ("return-path", "errors-to", "original-envelope-id", "original-mail-from")
_DAEMON = re.compile(r"(mailer-?daemon|postmaster|mail(er)?[-_.]?(delivery|system).*|.*bounces?|)", re.I)
_AUTO_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply-from")
_AUTO = re.compile(r"\s*(auto(matic)?[- ]?(re(ply|sponse))|out of (the )?office|авто(матический )?ответ|abwesen)", re.I)


def read_report(data: bytes) -> Report:
    """Say what this mail tells. Never raises: what cannot be read is UNKNOWN."""
    data = data[:READ_BYTES]
    if data.lower().count(b"boundary=") > MAX_PARTS:  # the parser's time grows with the square of the depth
        return Report(Kind.UNKNOWN, places=(data.decode("ascii", "replace"),))
    try:
        return _read(data)
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError):  # too deep, broken encodings
        return Report(Kind.UNKNOWN, places=(data.decode("ascii", "replace"),))


def _read(data: bytes) -> Report:
    message = message_from_bytes(data)  # the old policy: most hostile headers cannot make it raise
    blocks = list(blocks_of(message))
    kind, said, read_by = _judge(message, blocks)
    places = (*_places(message, [*blocks, *returned_of(message)]), data.decode("ascii", "replace"))
    subject, sender = decoded(str(message.get("subject", ""))), parseaddr(str(message.get("from", "")))[1]
    message_id = str(message.get("message-id", "")).strip()[:1000]
    return Report(kind, said, read_by, places, subject, sender[:MAX_ADDRESS], message_id, _goes_round(message))


def _goes_round(message: Message) -> bool:
    is_from_nobody = str(message.get("return-path", "")).strip() == "<>" or not message.get("from")
    return is_from_nobody or message[FORWARDED_HEADER] is not None or len(message.get_all("received", [])) > MOST_HOPS


def _places(message: Message, others: list[Message]) -> tuple[str, ...]:
    """Where a token is to be expected. The whole text is looked through last: some return the mail as text."""
    found = [str(value) for name in _TO for value in message.get_all(name, [])]
    found += [str(value) for part in others for name in _OF_ORIGINAL for value in part.get_all(name, [])]
    return tuple(value[:2000] for value in found[:MAX_PARTS])


_Judged = tuple[Kind, tuple[Said, ...], str]


def _judge(message: Message, blocks: list[Message]) -> _Judged:
    if (feedback := next((block for block in blocks if block["feedback-type"]), None)) is not None:
        kind = Kind.COMPLAINT if value_of(feedback, "feedback-type").lower() in _COMPLAINTS else Kind.UNKNOWN
        return kind, (_complaint(feedback),), "rfc5965"
    people = [said for block in blocks if (said := said_in(block)) is not None]
    for kind, actions in _ACTIONS:
        if some := tuple(said for said in people if said.action.startswith(actions)):
            return kind, some, "rfc3464"
    return _judge_words(message)


def _complaint(feedback: Message) -> Said:
    to = getaddresses([value_of(feedback, "original-rcpt-to")])
    words = f"{value_of(feedback, 'feedback-type')} {value_of(feedback, 'user-agent')}".strip()
    return Said(to[0][1][:MAX_ADDRESS] if to else "", "complaint", text=words[:200])


def _judge_words(message: Message) -> _Judged:
    """A mail without the fields of any standard."""
    is_daemon = _DAEMON.fullmatch(parseaddr(str(message.get("from", "")))[1].partition("@")[0]) is not None
    is_null = str(message.get("return-path", "")).strip() == "<>"
    is_machine = is_daemon or is_null or message.get_content_type() == "multipart/report"
    is_auto = str(message.get("auto-submitted", "no")).strip().lower() != "no"
    is_auto = is_auto or any(message[name] is not None for name in _AUTO_HEADERS)
    if is_machine or not (is_auto or message["in-reply-to"]):
        later, never = _failures(message)
        if later or never:
            words = said_in_words(message)
            said = tuple(
                Said(address[:MAX_ADDRESS], "failed" if never else "delayed", words.status, words.code, words.text)
                for address in sorted(never or later)[:MAX_PARTS]
            )
            return Kind.BOUNCE if never else Kind.DELAYED, said, "flufl"
    if message.get_content_type() == "multipart/report" or (is_daemon and not message["in-reply-to"]):
        is_receipt = message.get_param("report-type") == "disposition-notification"  # RFC 8098
        return Kind.AUTO_REPLY if is_receipt else Kind.UNKNOWN, (), "words"
    if is_auto or _AUTO.match(decoded(str(message.get("subject", "")))):
        return Kind.AUTO_REPLY, (), "rfc3834" if is_auto else "words"
    return Kind.UNKNOWN if is_null and not message["in-reply-to"] else Kind.REPLY, (), "words"


def _failures(message: Message) -> tuple[set[str], set[str]]:
    """Addresses that flufl finds: those still tried, those given up. Its time grows with the parts."""
    if next(islice(message.walk(), MAX_PARTS, None), None) is not None:
        return set(), set()
    try:
        later, never = all_failures(message)
    except Exception:  # whatever trips one of its many detectors, as a mail without From does
        return set(), set()
    return {address.decode("utf-8", "replace") for address in later}, {a.decode("utf-8", "replace") for a in never}
