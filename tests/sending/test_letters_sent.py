"""A letter of blocks on its way: what arrives is what was compiled when it was saved, with each person's values."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.extensions import db
from mailer.letters.compiling import COMPILER, Compiler
from mailer.letters.document import EVERYBODY, ShownTo, added, from_json, shown_to, to_json
from mailer.letters.kinds import TextBlock
from mailer.letters.shapes import build
from mailer.letters.starters import starter
from mailer.messages import letter_desk
from mailer.models.account_email import AccountEmail
from mailer.models.client import ClientFilter
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.test_mail import compose_trial
from mailer.smtp.testserver import Lab
from tests.auth.conftest import text_of
from tests.conftest import Browser
from tests.factories import make_client, make_due_run, save
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


def test_a_block_for_some_reaches_them_alone_as_the_segment_was_when_the_run_was_made(
    app: Flask, lab: Lab, owner: User, as_owner: Browser, make_run: Callable[..., Run]
) -> None:
    tree = {"v": 1, "all": [{"what": "tag", "op": "any", "value": ["vip"]}]}
    vip = save(ClientFilter(owner_id=owner.id, name="VIP", tree=tree))
    ours, others = (TextBlock(html=f"<p>{words}</p>") for words in ("Только для своих", "Для остальных"))
    letter, _id = added(starter("personal", "ru"), ours, None, ShownTo("in", vip.id))
    letter, _id = added(letter, others, None, ShownTo("not_in", vip.id))
    message = letter_desk.begin(owner, letter)
    anna, boris = make_client(owner, "anna@example.test", tags=["vip"]), make_client(owner, "boris@example.test")
    run = make_due_run(owner, [anna, boris], message=message)
    in_use = as_owner.post(f"/clients/segments/{vip.id}/delete", follow_redirects=True).text
    assert message.title in in_use and db.session.get(ClientFilter, vip.id) is not None
    vip.tree = {"v": 1, "all": [{"what": "tag", "op": "none", "value": ["vip"]}]}
    db.session.commit()
    assert finish(run).accepted_count == 2
    got = {mail["To"].addresses[0].addr_spec: mail for mail in map(_read, lab.accepted)}
    for kind in ("plain", "html"):
        to_anna, to_boris = (text_of(got[client.email], kind) for client in (anna, boris))
        assert "Только для своих" in to_anna and "Для остальных" not in to_anna, kind
        assert "Для остальных" in to_boris and "Только для своих" not in to_boris, kind
        assert "{{" not in to_anna + to_boris
    shown = as_owner.get(f"/messages/{message.id}/html?client={anna.id}").text
    assert "Для остальных" in shown and "Только для своих" not in shown, "the page shows what a run would send now"
    assert "Для остальных" in as_owner.get(f"/messages/{message.id}/html").text, "nobody known is in no segment"
    assert as_owner.get(f"/messages/{message.id}/check").status_code == 200
    as_owner.post(f"/messages/{message.id}/test", data={"client": anna.id})
    trial = message_from_bytes(compose_trial(db.session.scalars(select(AccountEmail)).one()), policy=modern)
    assert "Для остальных" in text_of(trial) and "Только для своих" not in text_of(trial)
    before = fingerprint(run.mailing)
    vip.tree = {"v": 1, "all": []}
    db.session.commit()
    assert fingerprint(run.mailing) != before, "an approval covers whom the parts are for"


def test_a_blocks_own_conditions_are_those_of_when_the_run_was_made(
    app: Flask, lab: Lab, owner: User, make_run: Callable[..., Run]
) -> None:
    tree = {"v": 1, "all": [{"not": {"any": [{"what": "tag", "op": "any", "value": ["vip"]}]}}]}
    letter, block_id = added(starter("personal", "ru"), TextBlock(html="<p>Вступайте</p>"), None)
    letter = shown_to(letter, block_id, build(ShownTo, {"op": "meet", "tree": tree}))
    message = letter_desk.begin(owner, from_json(to_json(letter)))
    anna, boris = make_client(owner, "anna@example.test", tags=["vip"]), make_client(owner, "boris@example.test")
    run = make_due_run(owner, [anna, boris], message=message)
    before = fingerprint(run.mailing)
    letter_desk.change(message, lambda kept: shown_to(kept, block_id, EVERYBODY))
    letter_desk.save(message, [])
    assert fingerprint(run.mailing) != before, "an approval covers whom the block is for"
    assert finish(run).accepted_count == 2
    got = {mail["To"].addresses[0].addr_spec: text_of(mail) for mail in map(_read, lab.accepted)}
    assert "Вступайте" in got[boris.email] and "Вступайте" not in got[anna.email]


def test_a_letter_says_it_in_the_language_of_each(
    app: Flask, lab: Lab, owner: User, make_run: Callable[..., Run]
) -> None:
    tree = {"v": 1, "all": [{"field": "language", "op": "is", "value": "en"}]}
    english = save(ClientFilter(owner_id=owner.id, name="English", tree=tree))
    letter, _id = added(starter("personal", "ru"), TextBlock(html="<p>Sale</p>"), None, ShownTo("in", english.id))
    letter, _id = added(letter, TextBlock(html="<p>Скидки</p>"), None, ShownTo("not_in", english.id))
    people = {code: make_client(owner, f"{code or 'unknown'}@example.test", language=code) for code in ("en", "ru", "")}
    run = make_due_run(owner, list(people.values()), message=letter_desk.begin(owner, letter))
    assert finish(run).accepted_count == 3
    got = {mail["To"].addresses[0].addr_spec: text_of(mail) for mail in map(_read, lab.accepted)}
    for code, client in people.items():
        text = got[client.email]
        assert ("Sale" in text, "Скидки" in text) == (code == "en", code != "en"), code


def _read(record: Any) -> EmailMessage:
    mail = message_from_bytes(record.content or b"", policy=modern)
    assert isinstance(mail, EmailMessage)
    return mail
