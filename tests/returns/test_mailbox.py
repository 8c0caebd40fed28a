"""The mailbox door: nothing is lost or counted twice, whatever breaks, and 10 MB never travel."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from mailer.bounces.reading import READ_BYTES
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport
from mailer.models.run import Run
from mailer.returns import mailbox_job
from setting_values import ConfigError, mailbox_url
from tests.bounces import shapes
from tests.conftest import Browser
from tests.returns.conftest import address_of
from tests.returns.mail_stores import PASSWORD, USER, Imap, Pop3, Store, serving
from tests.sending.certificates import Authority


def store_of(run: Run) -> Store:
    """A bounce, a complaint whose mail is 10 MB, and nonsense."""
    big = shapes.complaint(address_of(run, 2)) + b"x" * 10_000_000
    return Store({1: shapes.dsn(address_of(run, 1), *shapes.failed()), 2: big, 3: b"Subject: Hm\r\n\r\n?"})


def outcomes() -> list[str | None]:
    db.session.rollback()
    return [what and what.value for what in db.session.scalars(select(Delivery.came_back).order_by(Delivery.position))]


@pytest.mark.parametrize(("scheme", "kind"), [("imaps", Imap), ("pop3s", Pop3)])
def test_reports_are_kept_before_they_are_moved(
    app: Flask, sent: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, kind: type, as_manager: Browser
) -> None:
    authority, store = Authority(tmp_path), store_of(sent)
    with serving(kind, store, authority.server()) as port:
        url = f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{port}?ca_file={authority.file}"
        monkeypatch.setitem(app.config, "BOUNCE_MAILBOX", url)
        store.breaks_at = b"UID MOVE" if kind is Imap else b"QUIT"  # dies between keeping and moving
        reading = mailbox_job.read_now()
        assert reading is not None and reading.error
        assert (len(store.mails), outcomes()) == (3, ["permanent", "complained"])
        store.breaks_at = b"\0"
        reading = mailbox_job.read_now()
        assert reading is not None and not reading.error
        assert (sorted(store.done), store.mails) == ([1, 2, 3], {})
        assert store.fetched <= 2 * (READ_BYTES + 2_000)
        page = as_manager.get("/operations/returns").text
        assert f"{USER} @ 127.0.0.1:{port}" in page
        assert PASSWORD not in page
        monkeypatch.setitem(app.config, "BOUNCE_MAILBOX", url.replace(PASSWORD, "wr-ng"))
        reading = mailbox_job.read_now()
        assert reading is not None
        assert (reading.count, "wr-ng" in reading.error, bool(reading.error)) == (0, False, kind is Imap)
    assert db.session.scalar(select(func.count()).select_from(MailReport)) == 2


def test_one_reads_at_a_time_and_nobody_without_a_mailbox(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mailbox_job.read_now() is None
    monkeypatch.setitem(app.config, "BOUNCE_MAILBOX", "imaps://a:b@127.0.0.1:1")
    with db.engine.connect() as other:
        other.execute(waiting_for(mailbox_job.KEY))
        assert mailbox_job.read_now() is None
        other.rollback()
    reading = mailbox_job.read_now()
    assert reading is not None and reading.error


@pytest.mark.parametrize(
    "given",
    [
        "imap://a:secret@h",
        "imaps://h",
        "imaps://a:sec/ret@h:x",
        "pop3s://a:secret@h?x=1",
        "imaps://a:secret@h/IN%22BOX",
        "imaps://a:secret@h/INBOX?done=x%22y",
    ],
)
def test_a_mailbox_that_cannot_be_read_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(ConfigError) as refused:
        mailbox_url(lambda _name: given, "BOUNCE_MAILBOX")
    assert "secret" not in str(refused.value)
    assert "BOUNCE_MAILBOX" in str(refused.value)
