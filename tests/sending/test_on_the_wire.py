"""What really passes over the connection: line ends, alphabets, signatures."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import dkim
import pytest
from flask import Flask
from sqlalchemy import update

from mailer.clients.address import normalise
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.delivery import Delivery, Reason
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending.servers import dkim_keys
from mailer.smtp.testserver import Lab, Offer
from tests.factories import make_message
from tests.sending.conftest import finish, let_time_pass, states

MakeRun = Callable[..., Run]
BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
NASTY = ".\n..\r\n.\rend\r\r\n.\n\n  \t \n-- \nСъешь ещё этих мягких французских булок\x0b\x85\u2028, {{ имя }}\n\n\n"


@pytest.fixture
def signers(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Two keys in the settings; what DNS says about them."""
    made = [
        dkim_keys.make_key(kind, "golub.localhost", selector, tmp_path / f"{selector}.pem")
        for kind, selector in (("rsa", "r1"), ("ed25519", "e1"))
    ]
    keys = ", ".join(f"{signer.selector}:{tmp_path / signer.selector}.pem" for signer in made)
    monkeypatch.setitem(app.config, "DKIM_KEYS", keys)
    return {signer.dns_name: signer.dns_text for signer in made}


def make_nasty(make_run: MakeRun, owner: User) -> Run:
    """A run whose message and values hold all that could break a line or a header."""
    message = make_message(
        owner, subject="Ёлки\r\nBcc: x@y.test, {{ имя }}", text_body=NASTY, html_body=f"<p>{NASTY}</p>"
    )
    run = make_run("a@example.test", "b@example.test", message=message)
    db.session.execute(update(Client).values(first_name="Анна\r\n.\r\nRSET\r\n\nX: y\r"))
    db.session.commit()
    return run


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_no_cr_or_lf_ever_stands_alone(
    app: Flask,
    make_run: MakeRun,
    owner: User,
    signers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    pipelining: bool,
) -> None:
    with Lab(offer=Offer(pipelining=pipelining), keep_content=True, trace=True) as lab:
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", f"smtp://127.0.0.1:{lab.port}")
        run = finish(make_nasty(make_run, owner))
        assert run.state is RunState.COMPLETE
        assert len(lab.accepted) == 2
        for record in lab.accepted:
            assert record.content is not None
            assert BARE.search(record.content) is None
            assert max(map(len, record.content.split(b"\r\n"))) <= 998
            assert record.content.isascii()
        commands = lab.trace or []
        assert {line.split()[0] for line in commands} <= {"EHLO", "MAIL", "RCPT", "DATA", "QUIT"}
        assert not any("\r" in line or "\n" in line for line in commands)


def test_what_arrives_carries_signatures_that_hold(
    make_run: MakeRun, lab: Lab, owner: User, signers: dict[str, str]
) -> None:
    finish(make_nasty(make_run, owner))
    for record in lab.accepted:
        assert record.content is not None
        assert record.content.count(b"DKIM-Signature: ") == 2
        assert verified(record.content, signers) == [True, True]
        assert verified(record.content.replace(b"\r\n\r\n", b"\r\n\r\nBuy now!\r\n", 1), signers) == [False, False]
        assert verified(b"From: <boss@example.test>\r\n" + record.content, signers) == [False, False]


def verified(message: bytes, records: dict[str, str]) -> list[bool]:
    """What an independent verifier says of each of the two signatures."""

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    def verify(index: int) -> bool:
        try:
            return bool(dkim.DKIM(message).verify(index, dnsfunc=look_up))
        except dkim.ValidationError:  # its word for a body that was changed
            return False

    return [verify(0), verify(1)]


def test_a_copy_is_the_same_mail_but_for_its_date_and_what_signs_it(
    make_run: MakeRun, lab: Lab, owner: User, signers: dict[str, str]
) -> None:
    lab.obey("DOT x1 -> accept; drop")
    run = make_run("a@example.test", in_doubt_rule="resend")
    finish(run)
    let_time_pass()
    finish(run)
    one, two = (message_from_bytes(accepted.content or b"", policy=SMTP) for accepted in lab.accepted)
    for mail in (one, two):
        del mail["Date"], mail["DKIM-Signature"]
    assert one["Message-ID"]
    assert one.as_bytes() == two.as_bytes()


@pytest.mark.parametrize("smtputf8", [True, False])
def test_letters_of_any_script_before_the_at_go_where_the_server_takes_them(
    app: Flask, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, smtputf8: bool
) -> None:
    address = normalise("анна@почта.рф").email
    with Lab(offer=Offer(smtputf8=smtputf8), trace=True, keep_content=True) as lab:
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", f"smtp://127.0.0.1:{lab.port}")
        run = finish(make_run(address, "b@example.test"))
        assert states(run) == {address: "accepted" if smtputf8 else "excluded", "b@example.test": "accepted"}
        said = [line for line in lab.trace or [] if not line.isascii()]
        assert said == ([f"RCPT TO:<{address}>"] if smtputf8 else []), "never asked about where it cannot be taken"
        if smtputf8:
            (mail,) = [one for one in lab.accepted if one.recipient == address]
            assert f"To: {address}\r\n".encode() in (mail.content or b"")
            assert any("SMTPUTF8" in line for line in lab.trace or [])
    assert db.session.get_one(Delivery, (run.id, 1)).reason is (None if smtputf8 else Reason.NO_SMTPUTF8)
    assert run.state is RunState.COMPLETE
