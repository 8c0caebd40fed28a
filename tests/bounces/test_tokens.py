"""Tokens: each delivery's own, found in whatever relays make of an address, and never taken from anybody else."""

from __future__ import annotations

import pytest

from mailer.bounces.tokens import ReturnPath
from mailer.smtp.envelope import Features, mail_command, rcpt_command
from mailer.smtp.source import Email
from setting_values import ConfigError, bounce_address

PATH = ReturnPath("bounces+*@example.org", b"a key")
DELIVERIES = [(1, 1), (7, 500), (2**30 - 1, 2**25 - 1)]


@pytest.mark.parametrize(("run_id", "position"), DELIVERIES)
@pytest.mark.parametrize(
    "made_of",
    [
        "{}",
        "<{}>",
        "SRS0=HHHH=TT=example.org={}",
        "prvs=0123456789={}",
        "The mail from {} to nobody@example.net could not be delivered.",
    ],
)
def test_a_token_is_found_whatever_stands_around_it_in_either_case(run_id: int, position: int, made_of: str) -> None:
    address = PATH.senders_of(run_id)(position)[0]
    assert len(address.partition("@")[0]) <= 64
    for text in (made_of.format(address), made_of.format(address).upper()):
        assert PATH.delivery_in(text) == (run_id, position)


def test_no_changed_letter_and_no_other_key_is_taken() -> None:
    token = PATH.tokens_of(7)(500)
    for index, letter in enumerate(token):
        changed = token[:index] + ("a" if letter != "a" else "b") + token[index + 1 :]
        assert PATH.delivery_in(changed) is None, index
    assert ReturnPath(PATH.address, b"another key").delivery_in(token) is None
    assert PATH.delivery_in("7" * 24 + " " + "a" * 24) is None
    assert PATH.delivery_in(" ".join(["a" * 24] * 100_000) + " " + token) is None  # a text of candidates only


def test_the_envelope_names_the_delivery_and_asks_for_reports_where_the_server_gives_them() -> None:
    email = Email(1, "a+b=c@example.net", b"x", "bounces+t@example.org", "token")
    plain, dsn = Features(), Features(dsn=True)
    assert mail_command("news@example.org", email, plain) == b"MAIL FROM:<bounces+t@example.org>\r\n"
    assert rcpt_command(email, plain) == b"RCPT TO:<a+b=c@example.net>\r\n"
    assert mail_command("", email, dsn) == b"MAIL FROM:<bounces+t@example.org> RET=HDRS ENVID=token\r\n"
    named = b"NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.net"
    assert rcpt_command(email, dsn) == b"RCPT TO:<a+b=c@example.net> %b\r\n" % named
    of_service = Email(1, "a@example.net", b"x")
    assert mail_command("news@example.org", of_service, dsn) == b"MAIL FROM:<news@example.org>\r\n"
    assert rcpt_command(of_service, dsn) == b"RCPT TO:<a@example.net>\r\n"
    foreign = Email(1, "я@example.net", b"x", "b@example.org", "token")
    assert b"ORCPT" not in rcpt_command(foreign, dsn)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("bounces@example.org", "bounces+*@example.org"),
        ("*@bounce.example.org", "*@bounce.example.org"),
        ("b-*@example.org", "b-*@example.org"),
        ("", None),
    ],
)
def test_the_setting_says_where_the_token_goes(given: str, meant: str | None) -> None:
    assert bounce_address(lambda _name: given, "BOUNCE_ADDRESS") == meant


@pytest.mark.parametrize("given", ["bounces", "a b@example.org", "x" * 41 + "*@example.org", "a@b\r\nX", "*@*.example"])
def test_what_is_no_address_for_tokens_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="BOUNCE_ADDRESS"):
        bounce_address(lambda _name: given, "BOUNCE_ADDRESS")
