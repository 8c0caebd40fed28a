"""The page of the installation's own domain."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from mailer.domain_checks.findings import Check, RecordVerdict
from mailer.domains import service_domain
from mailer.sending.servers import dkim_keys
from network_settings import dns_server
from setting_values import ConfigError
from tests.conftest import Browser
from tests.domains.name_server import NameServer

PAGE = "/operations/domain"


@pytest.fixture
def settings(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of a service in the open."""
    dkim_keys.make_key("ed25519", "golub.test", "s1", tmp_path / "s1.pem")
    values = {
        "MAILINGS_FROM": "news@golub.test", "BOUNCE_ADDRESS": "*@bounce.golub.test",
        "MAILINGS_SMTP_URL": "smtp+starttls://smtp.golub.test", "DKIM_KEYS": f"s1:{tmp_path / 's1.pem'}",
        "SITE_URL": "https://mail.golub.test",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setitem(app.config, name, value)


def verdicts() -> dict[Check, RecordVerdict]:
    look = service_domain.last_look()
    assert look is not None
    return {finding.check: finding.verdict for finding in look.findings}


def test_the_page_says_what_is_missing_and_gives_the_record_to_add(
    as_manager: Browser, asked_dns: NameServer, settings: None
) -> None:
    assert "dns-table" not in as_manager.get(PAGE).text, "nothing is asked for a look at the page"
    assert asked_dns.asked == []
    assert as_manager.post(f"{PAGE}/check").status_code == 303
    page = as_manager.get(PAGE).text
    wanted = {(record.name, record.kind): record.value for record in service_domain.wanted(service_domain.configured())}
    assert wanted["bounce.golub.test", "TXT"] == "v=spf1 a:smtp.golub.test ~all"
    assert wanted["bounce.golub.test", "MX"] == "10 mail.golub.test"
    for (name, _kind), value in wanted.items():
        assert f'data-copy="{name}"' in page
        assert f'data-copy="{value}"' in page, "a button that copies it"
    for (name, kind), value in wanted.items():  # and whoever adds them is done
        asked_dns.put(name, kind, value.removeprefix("10 "))
    for host, address in {"mail": "192.0.2.1", "smtp": "192.0.2.2"}.items():
        asked_dns.put(f"{host}.golub.test", "A", address)
    asked_dns.put("2.2.0.192.in-addr.arpa", "PTR", "smtp.golub.test")
    as_manager.post(f"{PAGE}/check")
    right = dict.fromkeys(set(Check) - {Check.PROOF, Check.MTA_STS}, RecordVerdict.RIGHT)
    assert verdicts() == right | {Check.MTA_STS: RecordVerdict.ADVICE}
    assert "data-copy" not in as_manager.get(PAGE).text
    service = service_domain.configured().alignment
    assert (service.of_spf, service.of_dkim) == (True, True)


def test_a_dns_that_is_away_is_said_and_never_a_failure(
    as_manager: Browser, asked_dns: NameServer, settings: None
) -> None:
    asked_dns.broken.add("*")
    assert as_manager.post(f"{PAGE}/check").status_code == 303
    page = as_manager.get(PAGE)
    assert page.status_code == 200
    assert 'id="dns-away"' in page.text
    assert "status-bad" not in page.text.partition("dns-table")[2].partition("</table>")[0]
    assert "data-copy" not in page.text, "nobody is told to add what may stand there"
    assert set(verdicts().values()) == {RecordVerdict.UNKNOWN}


@pytest.mark.parametrize(
    ("given", "read"),
    [("192.0.2.53", ("192.0.2.53", 53)), ("127.0.0.1:5353", ("127.0.0.1", 5353)), ("::1", ("::1", 53)),
     ("[::1]:54", ("::1", 54)), ("dns.example.org", None), ("192.0.2.53:0", None), ("192.0.2.53:x", None)],
)  # fmt: skip
def test_the_setting_names_a_server_by_its_number(given: str, read: tuple[str, int] | None) -> None:
    def get(_name: str, default: str | None = None) -> str | None:
        return given

    if read is None:
        with pytest.raises(ConfigError, match="DNS_SERVER"):
            dns_server(get, "DNS_SERVER")
    else:
        assert dns_server(get, "DNS_SERVER") == read
