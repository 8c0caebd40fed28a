"""TLS and AUTH: what is configured is insisted on, and nothing is given away before it is there."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mailer.smtp.results import Outcome, Phase
from mailer.smtp.testserver import Lab, Offer
from mailer.smtp.transport import Security
from tests.narrowing import one
from tests.smtp.outbox import Outbox, email_to, transport_to

ANN = "ann@x.test"
STARTTLS, TLS = Security.STARTTLS, Security.TLS
Runner = Callable[[Coroutine[Any, Any, object]], object]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("security", [STARTTLS, TLS])
@pytest.mark.parametrize("auth", ["PLAIN LOGIN", "LOGIN"])
def test_mail_goes_over_tls_with_credentials(
    run: Runner, security: Security, auth: str, server_tls: ssl.SSLContext, certificate: Path
) -> None:
    offer = Offer(tls=server_tls, is_implicit_tls=security is TLS, credentials=("user", "secret"), auth=auth)
    outbox = Outbox([email_to(ANN), email_to("bob@x.test")])
    with Lab(offer=offer) as lab:
        transport = transport_to(
            lab.port, security=security, ca_file=str(certificate), username="user", password="secret"
        )
        run(outbox._send(transport, None))
        assert outbox.outcomes == [Outcome.ACCEPTED] * 2 and len(lab.accepted) == 2
        assert one(outbox.results[0].tls).startswith("TLSv1.3 TLS_")


def test_a_stripped_starttls_is_a_fault_and_nothing_is_said_in_the_clear() -> None:
    with Lab(offer=Offer(credentials=("user", "secret")), trace=True) as lab:
        outbox = Outbox([email_to(ANN)])
        (result,) = outbox.send(transport_to(lab.port, security=STARTTLS, username="user", password="secret"))
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.STARTTLS)
        assert one(outbox.pool.breaker.last_fault).needs_admin
        assert [line.split()[0] for line in one(lab.trace)] == ["EHLO"]


@pytest.mark.parametrize(
    "rule",
    ["STARTTLS -> 454 4.7.0 Not now", "STARTTLS -> raw 220 Go\\r\\n250 slipped in\\r\\n", "STARTTLS -> 220 Go; drop"],
)
def test_a_failing_starttls_is_a_fault(rule: str, server_tls: ssl.SSLContext, certificate: Path) -> None:
    with Lab(rule, offer=Offer(tls=server_tls), trace=True) as lab:
        (result,) = Outbox([email_to(ANN)]).send(transport_to(lab.port, security=STARTTLS, ca_file=str(certificate)))
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.STARTTLS)
        assert not [line for line in one(lab.trace) if line.startswith("MAIL")]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("security", [STARTTLS, TLS])
def test_an_untrusted_certificate_is_a_fault_with_its_reason(
    run: Runner, security: Security, server_tls: ssl.SSLContext
) -> None:
    with Lab(offer=Offer(tls=server_tls, is_implicit_tls=security is TLS)) as lab:
        outbox = Outbox([email_to(ANN)])
        run(outbox._send(transport_to(lab.port, security=security), None))
        (result,) = outbox.results
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.STARTTLS)
        assert "CERTIFICATE_VERIFY_FAILED" in result.text
        assert one(outbox.pool.breaker.last_fault).needs_admin


def test_a_wrong_password_is_the_configurations_fault_and_stays_unseen() -> None:
    rule = "AUTH -> 535 5.7.8 Wrong: AHVzZXIAc2VjcmV0 secret"
    with Lab(rule, offer=Offer(credentials=("user", "other"))) as lab:
        outbox = Outbox([email_to(ANN)])
        (result,) = outbox.send(transport_to(lab.port, username="user", password="secret"))
        assert (result.outcome, result.phase, result.code) == (Outcome.SERVER_FAULT, Phase.AUTH, 535)
        assert result.text == "5.7.8 Wrong: … …" and one(outbox.pool.breaker.last_fault).needs_admin


def test_credentials_are_not_sent_unprotected_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab(offer=Offer(credentials=("user", "secret")), trace=True) as lab:
        transport = transport_to(lab.port, username="user", password="secret")
        monkeypatch.setattr(type(transport), "is_loopback", property(lambda _: False))
        (result,) = Outbox([email_to(ANN)]).send(transport)
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.AUTH)
        assert [line.split()[0] for line in one(lab.trace)] == ["EHLO"]


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ("PLAIN", ("AUTH GSSAPI",)),
        ("GSSAPI NTLM", ("AUTH=LOGIN",)),
        ("", ("AUTH=PLAIN LOGIN",)),
        ("", ("AUTH= LOGIN",)),
        ("", ("auth login", "AUTH XOAUTH2")),
    ],
)
def test_several_lines_of_auth_add_up_and_so_does_the_old_form(auth: str, words: tuple[str, str] | tuple[str]) -> None:
    with Lab(offer=Offer(credentials=("user", "secret"), auth=auth, words=words)) as lab:
        outbox = Outbox([email_to("ann@x.test")])
        outbox.send(transport_to(lab.port, username="user", password="secret"))
        assert outbox.outcomes == [Outcome.ACCEPTED]


def test_a_server_without_auth_gets_no_mail_when_auth_is_configured() -> None:
    with Lab() as lab:
        (result,) = Outbox([email_to(ANN)]).send(transport_to(lab.port, username="user", password="secret"))
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.AUTH)
