"""TLS from the settings to the attempts: verified or nothing, and nothing in plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from mailer.models.run import Run, RunState
from mailer.smtp.testserver import Lab, Offer
from tests.sending.certificates import Authority
from tests.sending.conftest import attempts, finish, states

MakeRun = Callable[..., Run]
LOGIN = ("user", "pass,word")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs the certificates of this test."""
    return Authority(tmp_path)


@pytest.fixture
def use(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let mailings take this server, under this scheme, trusting this authority."""

    def set_url(scheme: str, lab: Lab, authority: Authority) -> None:
        url = f"{scheme}://user:pass%2Cword@127.0.0.1:{lab.port}?ca_file={authority.file}&greeting=2"
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URLS", url)

    return set_url


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN"])
def test_mails_go_under_tls_after_a_login_and_attempts_say_which(
    make_run: MakeRun, authority: Authority, use: Callable[..., None], scheme: str, auth: str
) -> None:
    offer = Offer(tls=authority.server(), is_implicit_tls=scheme == "smtps", credentials=LOGIN, auth=auth)
    with Lab(offer=offer) as lab:
        use(scheme, lab, authority)
        run = finish(make_run("a@example.test", "b@example.test"))
        assert run.state is RunState.COMPLETE
        assert len(lab.accepted) == 2
    assert all(str(attempt.tls).startswith("TLSv1.3 TLS_") for attempt in attempts(run))


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
@pytest.mark.parametrize("fault", ["expired", "self-signed", "another host"])
def test_a_bad_certificate_is_the_servers_fault_and_nothing_is_given_away(
    make_run: MakeRun, authority: Authority, use: Callable[..., None], scheme: str, fault: str
) -> None:
    tls = {
        "expired": lambda: authority.server(days=-1),
        "self-signed": lambda: authority.server(is_self_signed=True),
        "another host": lambda: authority.server(host="127.0.0.2"),
    }[fault]()
    with Lab(offer=Offer(tls=tls, is_implicit_tls=scheme == "smtps", credentials=LOGIN), trace=True) as lab:
        use(scheme, lab, authority)
        run = finish(make_run("a@example.test"))
        assert [line.split()[0] for line in lab.trace or []] == (["EHLO", "STARTTLS"] if scheme != "smtps" else [])
        assert lab.content_count == 0
    (attempt,) = attempts(run)
    assert (attempt.outcome.value, attempt.phase.value, attempt.tls) == ("server_fault", "starttls", None)
    assert "CERTIFICATE_VERIFY_FAILED" in attempt.response
    assert (run.state, states(run)) == (RunState.WAITING_FOR_SERVER, {"a@example.test": "waiting"})


def test_a_stripped_starttls_is_the_servers_fault_and_nothing_is_given_away(
    make_run: MakeRun, authority: Authority, use: Callable[..., None]
) -> None:
    with Lab(offer=Offer(credentials=LOGIN), trace=True) as lab:
        use("smtp+starttls", lab, authority)
        run = finish(make_run("a@example.test"))
        assert [line.split()[0] for line in lab.trace or []] == ["EHLO"]
        assert lab.content_count == 0
    (attempt,) = attempts(run)
    assert (attempt.outcome.value, attempt.phase.value) == ("server_fault", "starttls")
    assert run.state is RunState.WAITING_FOR_SERVER
