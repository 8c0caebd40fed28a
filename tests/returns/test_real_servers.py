"""A real Postfix that knows some people and not others, and a real mailbox: the figures are exact to the person."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from mailer.bounces.tokens import ReturnPath
from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.models.run import Run
from mailer.models.user import User
from mailer.returns import mailbox, mailbox_job
from mailer.smtp.testserver import Lab
from tests.bounces import provider_calls as calls
from tests.conftest import Browser
from tests.factories import make_client, make_due_run
from tests.returns import real_servers
from tests.returns.real_servers import PASSWORD, USER
from tests.sending.certificates import Authority
from tests.sending.conftest import assert_adds_up, finish
from tests.waiting import wait_until

PEOPLE, UNKNOWN, TOLD, FULL = 500, 10, 5, 10  # one more, and the run would pause by itself


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
    app: Flask, folder: Path, port: int, owner: User, web: Browser, path: ReturnPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [*(f"unknown{n}" for n in range(UNKNOWN)), *(f"full{n}" for n in range(FULL))]
    names += [f"told{n}" for n in range(TOLD)]  # taken at first; the provider tells of them later, by webhook
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
        box, piped = folder / "mail" / USER / "new", folder / "piped"
        wait_until(lambda: counted(Door.RECEIVER) + len(list(box.glob("*"))) + len(_whole(piped)) == UNKNOWN + FULL)
        by_mailbox, by_pipe = len(list(box.glob("*"))), _whole(piped)
        assert by_mailbox >= 2, "some by each door"
        assert by_pipe
        assert counted(Door.RECEIVER) == UNKNOWN + FULL - by_mailbox - len(by_pipe) > 0
        for content in by_pipe:
            assert app.test_cli_runner().invoke(args=["take-report"], input=content).exit_code == 0
        _tell_by_webhook(app, web, run, path, monkeypatch)
        for scheme, number, batch in (("imaps", imaps, by_mailbox // 2), ("pop3s", pop3s, 100)):
            monkeypatch.setattr(mailbox, "BATCH", batch)
            url = f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{number}?ca_file={authority.file}"
            monkeypatch.setitem(app.config, "BOUNCE_MAILBOX", url)
            reading = mailbox_job.read_now()
            assert reading is not None
            assert (reading.error, reading.count) == ("", min(batch, by_mailbox - by_mailbox // 2))
        done = folder / "mail" / USER / ".Golub-read"
        assert sum(len(list((done / name).iterdir())) for name in ("cur", "new")) == by_mailbox // 2
    assert (counted(Door.MAILBOX), counted(Door.COMMAND)) == (by_mailbox, len(by_pipe))
    assert counted(Door.WEBHOOK) == TOLD
    assert db.session.scalar(select(func.count()).select_from(UnreadMail)) == 0
    back = dict(db.session.execute(select(Delivery.email, Delivery.came_back)).tuples().all())
    wrong = {
        email: what
        for email, what in back.items()
        if (what is not None and what.value) != (False if email.startswith("known") else "permanent")
    }
    assert wrong == {}
    suppressed = set(db.session.scalars(select(Suppression.email_key)))
    assert suppressed == {f"unknown{n}@far.example" for n in range(UNKNOWN)} | {
        f"told{n}@far.example" for n in range(TOLD)
    }
    assert_adds_up(run)
    assert db.session.get_one(Run, run.id).bounced_count == UNKNOWN + TOLD + FULL


def _whole(piped: Path) -> list[bytes]:
    """What was piped so far, as far as it is written."""
    return [content for one in sorted(piped.iterdir()) if (content := one.read_bytes()).rstrip().endswith(b"--")]


def _tell_by_webhook(app: Flask, web: Browser, run: Run, path: ReturnPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of the provider's for each, and each of them twice, as they do when an answer is late."""
    monkeypatch.setitem(app.config, "WEBHOOKS", dict(calls.SECRETS))
    told = select(Delivery.position, Delivery.email).where(Delivery.email.startswith("told"))
    for position, email in db.session.execute(told).all():
        token = path.tokens_of(run.id)(position)
        made = calls.mailgun(token, f"once {position}", id=f"event {position}", recipient=email)
        answers = [web.post("/hooks/mailgun", data=made.body, headers=made.headers) for _twice in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
    db.session.rollback()
