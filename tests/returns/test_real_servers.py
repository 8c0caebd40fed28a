"""A real Postfix that knows some people and not others, and a real mailbox: the figures are exact to the person."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.models.run import Run
from mailer.models.user import User
from mailer.returns import mailbox, mailbox_job
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_due_run
from tests.returns import real_servers
from tests.returns.real_servers import PASSWORD, USER
from tests.sending.certificates import Authority
from tests.sending.conftest import assert_adds_up, finish
from tests.waiting import wait_until

PEOPLE, UNKNOWN, FULL = 500, 15, 10  # one more, and the run would pause by itself


@pytest.fixture
def folder() -> Iterator[Path]:
    """Others than root have to get there: pytest's own folders are closed to them."""
    real_servers.require()
    path = Path(tempfile.mkdtemp(prefix="golub-mail-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def counted(door: Door) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(MailReport.door == door)) or 0


def test_a_mailing_of_five_hundred_comes_back_by_all_doors(
    app: Flask, folder: Path, port: int, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [*(f"unknown{n}" for n in range(UNKNOWN)), *(f"full{n}" for n in range(FULL))]
    names += [f"known{n}" for n in range(PEOPLE - len(names))]
    first = make_client(owner, email=f"{names[0]}@far.example")
    same = {"owner_id": owner.id, "first_name": "A"}
    rows = [{"email": f"{name}@far.example", "email_key": f"{name}@far.example", **same} for name in names[1:]]
    db.session.execute(insert(Client), rows)
    db.session.commit()
    run = make_due_run(owner, [first, *db.session.scalars(select(Client).where(Client.id != first.id))])
    authority = Authority(folder)
    with (
        Lab() as remote,
        real_servers.postfix(folder, "golub.test", port, remote.port) as relay,
        real_servers.dovecot(folder, authority) as (imaps, pop3s),
    ):
        remote.obey("RCPT unknown* -> 550 5.1.1 No such user\nRCPT full* -> 552 5.2.2 Mailbox full")
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", f"smtp://127.0.0.1:{relay}?connections=4")
        run = finish(run, 60)
        assert run.accepted_count == PEOPLE
        box = folder / "mail" / USER / "new"
        wait_until(lambda: counted(Door.RECEIVER) + len(list(box.glob("*"))) == UNKNOWN + FULL)
        by_mailbox = len(list(box.glob("*")))
        assert 2 <= by_mailbox < UNKNOWN + FULL, "some by each door"
        for scheme, number, batch in (("imaps", imaps, by_mailbox // 2), ("pop3s", pop3s, 100)):
            monkeypatch.setattr(mailbox, "BATCH", batch)
            url = f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{number}?ca_file={authority.file}"
            monkeypatch.setitem(app.config, "BOUNCE_MAILBOX", url)
            reading = mailbox_job.read_now()
            assert reading is not None
            assert (reading.error, reading.count) == ("", min(batch, by_mailbox - by_mailbox // 2))
        done = folder / "mail" / USER / ".Golub-read"
        assert sum(len(list((done / name).iterdir())) for name in ("cur", "new")) == by_mailbox // 2
    assert counted(Door.MAILBOX) == by_mailbox
    assert db.session.scalar(select(func.count()).select_from(UnreadMail)) == 0
    back = dict(db.session.execute(select(Delivery.email, Delivery.came_back)).tuples().all())
    wrong = {
        email: what
        for email, what in back.items()
        if (what is not None and what.value) != (False if email.startswith("known") else "permanent")
    }
    assert wrong == {}
    suppressed = set(db.session.scalars(select(Suppression.email_key)))
    assert suppressed == {f"unknown{n}@far.example" for n in range(UNKNOWN)}
    assert_adds_up(run)
    assert db.session.get_one(Run, run.id).bounced_count == UNKNOWN + FULL
