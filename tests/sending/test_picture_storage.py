"""A run whose pictures travel inside waits while their storage is away: no mail leaves without them."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from mailer import picture_bucket
from mailer.account_mail.outbox import send_account_email
from mailer.extensions import cache, db
from mailer.models.account_email import AccountEmail
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending import picture_waits
from mailer.smtp.testserver import Lab
from tests.bucket_server import s3_server
from tests.conftest import Browser
from tests.factories import make_message
from tests.sending.conftest import attempts, finish, states
from tests.sending.test_attachments import picture_of

pytestmark = pytest.mark.services


def test_nobody_is_claimed_before_the_pictures_are_at_hand(
    app: Flask, lab: Lab, owner: User, as_owner: Browser, make_run: Callable[..., Run], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(picture_bucket, "REST_SECONDS", 0.0)
    with s3_server(tmp_path) as s3:
        monkeypatch.setitem(app.config, "BUCKET", s3.bucket())
        shown = picture_of(as_owner, "teal")
        message = make_message(owner, html_body=f'<p>Hello</p><img src="{shown}" alt="a">', text_body="")
        as_owner.post(f"/messages/{message.id}/files/pictures", data={"inside": "1"})
        run, plain = make_run("anna@example.test", message=message), make_run("boris@example.test")
        s3.stop()
        waiting = finish(run)
        assert (waiting.state, waiting.waits_for_pictures) == (RunState.WAITING_FOR_SERVER, True)
        assert states(run) == {"anna@example.test": "waiting"} and attempts(run) == [] and not lab.accepted
        assert waiting.started_at is None and s3.bucket().secret_key not in str(waiting.last_fault)
        page = as_owner.get(f"/mailings/{run.mailing_id}").text
        assert "ждёт картинок" in page and "Хранилище картинок ответило:" in page
        assert "Почтовый сервер отвечает:" not in page
        assert finish(plain).accepted_count == 1, "others go on"
        as_owner.post(f"/messages/{message.id}/test")
        trial = db.session.scalars(select(AccountEmail).order_by(AccountEmail.id.desc()).limit(1)).one()
        assert not send_account_email(trial.id)
        assert trial.sent_at is None and trial.given_up_at is None and trial.last_error, "it is tried again"
        s3.start()
        assert finish(run).accepted_count == 0, "for some seconds nobody asks again"
        cache.delete(picture_waits.KEY)
        done = finish(run)
        assert (done.accepted_count, done.state, done.last_fault) == (1, RunState.COMPLETE, None)
        mail: Any = message_from_bytes(lab.accepted[-1].content or b"", policy=modern)
        html = mail.get_body(("html",)).get_content()
        assert "cid:" in html and shown not in html
        (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        assert picture.get_content() == s3.content(f"golub{urlsplit(shown).path}")
