"""A probe leaves by the mail server and comes back, as at home; what stands in its way is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from mailer.bounces.tokens import ReturnPath
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.models.user import Role
from mailer.returns import probe
from mailer.returns.taking import Taken, take
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.catchers import running
from tests.conftest import Browser, browser_of
from tests.factories import make_user
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _really_sends(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["mail"], "suppress", False)


def begun(web: Browser) -> probe.Probe:
    answer = web.post("/operations/returns/probe", data={"server": probe.servers()[0]})
    assert answer.status_code == 303
    found = probe.last()
    assert found is not None and not found.is_over
    return found


def test_a_probe_comes_back_as_a_bounce_would(
    app: Flask, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = browser_of(app).login(make_user(role=Role.ADMIN))
    with running(tmp_path, BOUNCE_PORT=str(port)) as catcher:
        url = f"smtp://127.0.0.1:{catcher.smtp_port}"
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", url)
        monkeypatch.setitem(app.config, "MAIL_CATCHER_URL", url)
        found = begun(admin)
        page = admin.get("/operations/returns/probe").text
        assert "hx-get" in page, "it asks again by itself"
        probe.send(found.number)
        wait_until(lambda: (now := probe.last()) is not None and now.back_at is not None)
    now = probe.last()
    assert now is not None
    assert (now.door, now.fault, now.to.partition("@")[0]) == ("receiver", "", "bounce-hard")
    page = admin.get("/operations/returns").text
    assert f"127.0.0.1:{catcher.smtp_port}" in page
    assert "hx-get" not in page
    assert MailReport.query.count() == UnreadMail.query.count() == 0, "it is nobody's"


def test_what_stands_in_its_way_is_said(app: Flask, lab: Lab, path: ReturnPath) -> None:
    admin = browser_of(app).login(make_user(role=Role.ADMIN))
    for rule, fault in (
        ("MAIL bounces* -> 553 5.7.1 <b>Sender</b> not allowed", "sender"),
        ("RCPT * -> 550 5.7.1 <b>Relaying</b> denied", "recipient"),
        ("DOT -> 554 5.7.1 <b>Spam</b>", "content"),
        ("GREETING -> 554 5.3.2 <b>Closed</b>", "connection"),
    ):
        lab.obey(rule)
        probe.send(begun(admin).number)
        found = probe.last()
        assert found is not None
        assert (found.fault, found.is_over) == (fault, True)
        page = admin.get("/operations/returns/probe").text
        assert "&lt;b&gt;" in page and "<b>" not in page
    lab.obey("")
    number = begun(admin).number
    probe.send(number)
    probe.send(number)  # a job may run twice
    to = path.senders_of(probe.RUN)(number)[0]
    assert [mail.recipient for mail in lab.accepted] == [to]
    content = lab.accepted[0].content
    assert content is not None
    assert take(content, Door.MAILBOX, [to]).taken is Taken.PROBE, "delivered to the address itself"
    assert take(shapes.dsn(to, *shapes.failed()), Door.COMMAND).taken is Taken.PROBE
    found = probe.last()
    assert found is not None and found.door == "mailbox"
    assert admin.post("/operations/returns/probe", data={"server": "another:25"}).status_code == 303
    assert (last := probe.last()) is not None and last.number == number
