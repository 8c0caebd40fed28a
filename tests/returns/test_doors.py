"""The doors, as others use them: a mail server over LMTP and SMTP, and a pipe."""

from __future__ import annotations

import smtplib

import pytest
from flask import Flask
from sqlalchemy import select

from launcher.catcher.returns import NAMES, reports_of
from mailer.bounces.reading import read_report
from mailer.bounces.report import Kind
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport, UnreadMail
from mailer.models.run import Run
from mailer.returns import receiver
from tests.bounces import shapes
from tests.returns.conftest import address_of


def test_a_mail_server_hands_reports_over(port: int, sent: Run) -> None:
    first, second = address_of(sent, 1), address_of(sent, 2)
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as server:
        server.sendmail("", [first.upper()], shapes.dsn("postmaster@golub.test", *shapes.failed()))
        # Two recipients: LMTP answers each. What goes round between automatic answers is noted, and never answered.
        server.mail("")
        assert [server.rcpt(to)[0] for to in (second, "fbl@golub.test", "a@elsewhere.test")] == [250, 250, 550]
        assert server.data(shapes.auto_reply(second, "Auto-Submitted: auto-replied", "X-Loop: yes"))[0] == 250
        assert server.getreply()[0] == 250  # the second recipient's
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        big = shapes.dsn(second, *shapes.failed("4.2.2", "452 4.2.2 Full")) + b"\r\n" + b"x" * 900_000 + b"\r\n"
        server.sendmail("", [second], big * 11)  # 10 MB, in lines longer than any standard allows
    db.session.rollback()
    rows = db.session.execute(select(Delivery.position, Delivery.came_back).order_by(Delivery.position))
    assert [(position, what and what.value) for position, what in rows] == [(1, "permanent"), (2, "transient")]
    assert set(db.session.scalars(select(MailReport.kind))) == {Kind.BOUNCE, Kind.AUTO_REPLY}


def test_while_the_database_is_away_the_mail_server_keeps_the_report(
    port: int, sent: Run, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, to = shapes.dsn("x@golub.test", *shapes.failed()), address_of(sent, 1)
    with db.engine.connect() as holder:  # whoever wants the run's row gives up waiting, as with a database that hangs
        holder.exec_driver_sql("LOCK TABLE mail_reports IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setattr(receiver, "LOCK_MS", 300)
        with smtplib.LMTP("127.0.0.1", port, timeout=60) as server, pytest.raises(smtplib.SMTPDataError) as refused:
            server.sendmail("", [to], report)
        holder.rollback()
    assert refused.value.smtp_code == 451
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as server:
        assert server.sendmail("", [to], report) == {}
    db.session.rollback()
    assert db.session.query(MailReport).count() == 1


def test_a_pipe_takes_a_report_and_says_what_became_of_it(app: Flask, sent: Run) -> None:
    runner = app.test_cli_runner()
    report = shapes.complaint(address_of(sent, 1))
    assert runner.invoke(args=["take-report"], input=report).exit_code == 0
    assert runner.invoke(args=["take-report"], input=report).exit_code == 0
    assert (
        runner.invoke(
            args=["take-report", "--recipient", address_of(sent, 2)], input=shapes.reply("x@y.test")
        ).exit_code
        == 0
    )
    assert db.session.query(MailReport).count() == 2
    assert db.session.query(UnreadMail).count() == 0
    app.config["BOUNCE_ADDRESS"] = None
    refused = runner.invoke(args=["take-report"], input=report)
    assert refused.exit_code == 1
    assert "BOUNCE_ADDRESS" in refused.output


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_the_catcher_sends_back_is_the_real_thing(name: str) -> None:
    content = b"Message-ID: <1@golub.test>\r\nSubject: =?utf-8?B?0JA=?=\r\n\r\nHello"
    *before, report = map(read_report, reports_of(name, "bounces+x@golub.test", f"{name}@example.org", content))
    assert [each.kind for each in before] == ([Kind.DELAYED] if name == "bounce-soft" else [])
    meant = {"bounce-hard": Kind.BOUNCE, "bounce-soft": Kind.BOUNCE, "complain": Kind.COMPLAINT}
    assert report.kind is meant.get(name, Kind.AUTO_REPLY)
    assert report.places[0] == "bounces+x@golub.test"
    if report.kind is Kind.BOUNCE:
        assert report.worst.is_permanent is (name == "bounce-hard")
        assert report.worst.address == f"{name}@example.org"
