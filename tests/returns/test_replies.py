"""Answers of people at the address for bounces: handed on once, and never in circles."""

from __future__ import annotations

import smtplib
from email import message_from_bytes

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.account_mail import outbox
from mailer.account_mail.forwarding import compose_forward
from mailer.bounces.reading import read_report
from mailer.bounces.report import FORWARDED_HEADER, Kind
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.mail_report import Door, MailReport
from mailer.models.run import Run
from mailer.returns import replies
from mailer.returns.taking import Taken, take
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser
from tests.returns.conftest import address_of


def forwarded() -> list[AccountEmail]:
    db.session.rollback()
    return list(db.session.scalars(select(AccountEmail).where(AccountEmail.template == "reply")))


def test_an_answer_reaches_the_owner_once_and_is_counted(
    app: Flask, sent: Run, lab: Lab, as_owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = address_of(sent, 1)
    answer = b"Message-ID: <one@far.example>\r\n" + shapes.reply(to, ".\r\nWhen do you open?")
    assert take(answer, Door.RECEIVER).taken is Taken.NOTED
    assert take(answer, Door.RECEIVER).taken is Taken.KNOWN
    assert take(b"Received: from another\r\n" + answer, Door.MAILBOX).taken is Taken.NOTED
    take(shapes.auto_reply(to, "Auto-Submitted: auto-replied"), Door.RECEIVER)
    (row,) = forwarded()
    assert row.to_email == sent.snapshot["reply_to"]
    monkeypatch.setattr(app.extensions["mail"], "suppress", False)
    monkeypatch.setattr(app.extensions["mail"], "server", "127.0.0.1")
    monkeypatch.setattr(app.extensions["mail"], "port", lab.port)
    assert outbox.send_account_email(row.id)
    assert row.context == {}, "what was forwarded is not kept"
    content = next(mail.content for mail in lab.accepted if mail.recipient == row.to_email)
    assert content is not None
    mail = message_from_bytes(content)
    (attached,) = [part for part in mail.walk() if part.get_filename() == "answer.eml"]
    assert attached.get_payload(decode=True) == answer
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == ("a@far.example", "auto-generated")
    page = as_owner.get(f"/mailings/{sent.mailing_id}/runs/{sent.id}").text
    assert 'data-figure="answers"' in page
    # Whatever an owner's program makes of the forwarded mail, nothing more leaves.
    again = content.replace(b"\r\nTo: ", f"\r\nTo: {to}\r\nX-To: ".encode(), 1).replace(b"auto-generated", b"no", 1)
    assert read_report(again).kind is Kind.REPLY
    assert take(again, Door.RECEIVER).taken is Taken.NOTED
    assert len(forwarded()) == 1


def test_nothing_is_forwarded_for_nobody_or_without_end(sent: Run, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    to = address_of(sent, 2)
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as server:  # the null sender asks for no answer of any kind
        server.sendmail("", [to], shapes.reply(to).replace(b"Return-Path: <a@far.example>\r\n", b""))
        server.sendmail("a@far.example", [to], b"Received: x\r\n" * 60 + shapes.reply(to, "goes round"))
    assert forwarded() == []
    big = shapes.reply(to, "Big") + b"x" * 6_000_000
    take(big, Door.COMMAND, size=len(big))
    (row,) = forwarded()
    assert row.context["is_cut"] == 1
    assert len(compose_forward(row)) < 7_500_000
    for number in range(12):
        take(shapes.reply(to, f"Hello {number}"), Door.COMMAND)
    assert len(forwarded()) <= replies.OF_A_DELIVERY
    monkeypatch.setattr(replies, "OF_AN_OWNER", len(forwarded()))
    take(shapes.reply(address_of(sent, 1)), Door.COMMAND)
    assert len(forwarded()) == replies.OF_AN_OWNER
    assert db.session.query(MailReport).filter_by(kind=Kind.REPLY).count() >= 15
    assert FORWARDED_HEADER.encode() in compose_forward(row)
