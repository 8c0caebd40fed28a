"""Every shape is read as what it is; nothing hostile costs more than a moment."""

from __future__ import annotations

import time

import pytest

from mailer.bounces.reading import read_report
from mailer.bounces.report import Kind
from mailer.bounces.tokens import ReturnPath
from tests.bounces import shapes

PATH = ReturnPath("bounces+*@example.org", b"key")
TO = PATH.senders_of(9)(3)[0]
FBL = "fbl@example.org"
HEAD = (f"Return-Path: <{TO}>", "Subject: News")
QUOTED = "My mail to <x@far.example> could not be delivered: 550 5.1.1 user unknown. Can you help?"
READ_AS = [
    # the mail, what it is, code, status, whether for good
    (shapes.dsn(TO, *shapes.failed()), Kind.BOUNCE, 550, "5.1.1", True),
    (shapes.dsn(TO, *shapes.failed("5.0.0", "550-5.7.1 Message rejected")), Kind.BOUNCE, 550, "5.0.0", True),
    (shapes.dsn(TO, *shapes.failed("4.2.2", "452 4.2.2 Mailbox full")), Kind.BOUNCE, 452, "4.2.2", False),
    (shapes.dsn(TO, *shapes.failed("5.1.1", "unknown")), Kind.BOUNCE, None, "5.1.1", True),
    (shapes.dsn(TO, *shapes.failed("", "x-unix; mail filter said no")), Kind.BOUNCE, None, "", True),
    (shapes.dsn(TO, *shapes.failed("4.4.1", "connect timed out", "delayed")), Kind.DELAYED, None, "4.4.1", False),
    (shapes.dsn(TO, *shapes.failed("2.0.0", "250 ok", "relayed")), Kind.DELIVERED, None, "2.0.0", True),
    (shapes.dsn(TO, *shapes.failed("2.0.0", "250 ok", "expanded (to a list)")), Kind.DELIVERED, None, "2.0.0", True),
    (shapes.dsn("postmaster@example.org", *shapes.failed(), returned=HEAD), Kind.BOUNCE, 550, "5.1.1", True),
    (shapes.dsn(TO, *shapes.failed()).replace(b"Mail Ret", b"=?utf-8?b?a?="), Kind.BOUNCE, 550, "5.1.1", True),
    (shapes.encoded_dsn(TO), Kind.BOUNCE, None, "5.1.1", True),
    (shapes.global_dsn(TO), Kind.BOUNCE, None, "5.1.1", True),
    (shapes.two_recipients(TO), Kind.BOUNCE, 550, "5.1.1", True),
    (shapes.in_words(TO), Kind.BOUNCE, None, "5.1.1", True),
    (shapes.in_words(TO).replace(b"To: " + TO.encode(), b"To: root@example.org", 1), Kind.BOUNCE, None, "5.1.1", True),
    (shapes.complaint(TO), Kind.COMPLAINT, None, "", True),
    (shapes.complaint(FBL, f"Original-Mail-From: <{TO}>"), Kind.COMPLAINT, None, "", True),
    (shapes.complaint(FBL, f"Original-Envelope-Id: {PATH.tokens_of(9)(3)}"), Kind.COMPLAINT, None, "", True),
    (shapes.complaint(FBL, kind="opt-out", returned=HEAD), Kind.COMPLAINT, None, "", True),
    (shapes.complaint(FBL, kind="not-spam", returned=HEAD), Kind.UNKNOWN, None, "", True),
    (shapes.complaint(FBL, kind="auth-failure", returned=HEAD), Kind.UNKNOWN, None, "", True),
    (shapes.auto_reply(TO, "Auto-Submitted: auto-replied (vacation)"), Kind.AUTO_REPLY, None, "", True),
    (shapes.auto_reply(TO, "X-Autoreply: yes"), Kind.AUTO_REPLY, None, "", True),
    (shapes.auto_reply(TO, "In-Reply-To: <1@x>", subject="Automatic reply: News"), Kind.AUTO_REPLY, None, "", True),
    (shapes.auto_reply(TO, subject="=?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGC?="), Kind.AUTO_REPLY, None, "", True),
    (shapes.reply(TO), Kind.REPLY, None, "", True),
    (shapes.reply(TO, QUOTED), Kind.REPLY, None, "", True),
    (shapes.reply(TO).replace(b"From: Bob <a@", b"From: Anna <postmaster@"), Kind.REPLY, None, "", True),
    (shapes.report(TO, "disposition-notification", shapes.TEXT), Kind.AUTO_REPLY, None, "", True),
    (shapes.report(TO, "delivery-status", shapes.TEXT), Kind.UNKNOWN, None, "", True),
]


@pytest.mark.parametrize(("data", "kind", "code", "status", "is_permanent"), READ_AS)
def test_it_is_read_as_what_it_is(data: bytes, kind: Kind, code: int | None, status: str, is_permanent: bool) -> None:
    read = read_report(data)
    said = read.worst
    assert (read.kind, said.code, said.status, said.is_permanent or kind is Kind.DELIVERED) == (
        kind, code, status, is_permanent,
    )  # fmt: skip
    assert next(filter(None, map(PATH.delivery_in, read.places))) == (9, 3)


def test_the_original_recipient_and_the_words_of_the_server_are_kept() -> None:
    said = read_report(shapes.dsn(TO, *shapes.failed())).worst
    assert (said.address, said.server) == ("a@far.example", "mx.far.example")
    assert said.text == "550 5.1.1 <a@far.example>: no such user"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\xff" * 1000,
        b"Subject: x\r\n\r\n" + b"a@b.example " * 900_000,  # 10 MB in one line
        shapes.report(TO, "delivery-status", *[shapes.TEXT] * 4_000),
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(4_000)),
        b"Content-Type: multipart/report; boundary=\xd0\xff\r\nTo: \xff\r\nFrom: \xff\r\n\r\n",
        shapes.encoded_dsn(TO).replace(b"Um", b"!", 1),
        shapes.complaint(TO).replace(b"Far/1.0\r\n", b"Far/1.0\x1d"),
    ],
    ids=[
        "nothing",
        "octets",
        "one line of 10 MB",
        "4,000 parts",
        "4,000 levels",
        "broken headers",
        "broken base64",
        "a line break that Python alone sees",
    ],
)
def test_what_is_hostile_is_read_in_a_moment(data: bytes) -> None:
    started = time.process_time()
    assert read_report(data).kind in (Kind.UNKNOWN, Kind.REPLY)
    assert time.process_time() - started < 20  # without the limits it would be minutes
