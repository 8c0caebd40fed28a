"""A real DNS server, which the application asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from mailer.domain_checks import asking
from tests.domains.name_server import NameServer, running_name_server


@pytest.fixture(scope="session")
def one_name_server() -> Iterator[NameServer]:
    """Up for the whole session."""
    with running_name_server() as server:
        yield server


@pytest.fixture
def dns(one_name_server: NameServer) -> NameServer:
    """The same without anybody's records."""
    one_name_server.records.clear()
    one_name_server.broken.clear()
    one_name_server.asked.clear()
    one_name_server.is_silent = False
    return one_name_server


@pytest.fixture
def asked_dns(app: Flask, dns: NameServer, monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """The one that the application asks."""
    monkeypatch.setitem(app.config, "DNS_SERVER", ("127.0.0.1", dns.port))
    monkeypatch.setattr(asking, "SECONDS", 60.0)  # on any machine
    return dns
