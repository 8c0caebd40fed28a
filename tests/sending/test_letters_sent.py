"""A letter of blocks on its way: what arrives is what was compiled when it was saved, with each person's values."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default as modern

import pytest
from flask import Flask

from mailer.letters.compiling import COMPILER, Compiler
from mailer.letters.starters import starter
from mailer.messages import letter_desk
from mailer.models.run import Run
from mailer.models.user import User
from mailer.smtp.testserver import Lab
from tests.auth.conftest import text_of
from tests.sending.conftest import finish


def test_a_letter_of_blocks_arrives_as_it_was_compiled(
    app: Flask, lab: Lab, owner: User, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = letter_desk.begin(owner, starter("sale", "ru"))
    run = make_run("anna@example.test", "boris@example.test", message=message)
    assert run.snapshot["compiled_by"] == COMPILER
    monkeypatch.setattr(Compiler, "compile", None)  # nothing is compiled while mails are sent
    assert finish(run).accepted_count == 2
    mails = [message_from_bytes(record.content or b"", policy=modern) for record in lab.accepted]
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {"anna@example.test", "boris@example.test"}
    for mail in mails:
        html, text = text_of(mail, "html"), text_of(mail)
        assert html.count("<html") == 1
        assert "@media (prefers-color-scheme:dark)" in html
        assert "Здравствуйте, друг!" in html
        assert "Здравствуйте, друг!" in text
        link = str(mail["List-Unsubscribe"]).strip("<>")
        assert f'href="{link}"' in html
        assert link in text
        assert "{{" not in html + text
