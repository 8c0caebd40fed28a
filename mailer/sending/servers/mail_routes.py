"""The mail servers that mailings may take, in order of preference, and the choice of one for a turn.

Fail-over happens between turns only. A server at fault ends the turn; mails that were not marked wait again and
go by the next server; those whose content may have left are in doubt and go nowhere by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, current_app

from launcher.language import in_language
from mailer.bounces.providers.known import PROVIDERS
from mailer.clock import database_now
from mailer.composing.headers import HeaderError, ascii_address
from mailer.extensions import db
from mailer.models.user import User
from mailer.sending.servers import health
from mailer.smtp.breaker import BreakerState
from mailer.smtp.transport import Security, Transport
from setting_values import ConfigError


@dataclass(frozen=True, slots=True)
class MailRoute:
    """One configured mail server. `shared` is the limit of all processes together; None: each has its own."""

    transport: Transport
    shared: int | None

    def wanted(self, worker_count: int) -> int:
        """How many of the shared connections one of so many workers takes."""
        return -(-(self.shared or 0) // worker_count)

    def cut_to(self, slot_count: int, worker_count: int) -> Transport:
        """The transport as one worker uses it: with the slots it has, and the same part of the rate."""
        part = slot_count / self.shared if self.shared else 1 / worker_count
        connections = slot_count if self.shared else self.transport.connections
        rate = self.transport.rate * part if self.transport.rate is not None else None
        return replace(self.transport, connections=connections, rate=rate)


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """The server of one turn."""

    route: MailRoute
    is_probe: bool  # it was out of order: one mail tries
    until: datetime | None  # when a server that is preferred to it is tried again


def init_app(app: Flask) -> None:
    """Read the settings once, so that a mistake in them is seen at the start; raises ConfigError."""
    routes = read_routes(app.config)
    read_catcher(app.config)
    if app.config["PRODUCTION"]:
        for route in routes:
            if route.transport.security is Security.NONE and not route.transport.is_loopback:
                setting = "MAILINGS_SMTP_URLS" if app.config["MAILINGS_SMTP_URLS"] else "MAILINGS_SMTP_URL"
                raise ConfigError(
                    in_language(
                        f"{setting}: {route.transport.name} не на этой машине: нужен smtp+starttls:// или smtps://.",
                        f"{setting}: {route.transport.name} is off this machine: use smtp+starttls:// or smtps://.",
                    )
                )


def configured() -> list[MailRoute]:
    """The mail servers from the settings, the preferred one first."""
    return read_routes(current_app.config)


def routes_of(owner: User) -> list[MailRoute]:
    """The mail servers that this person's mailings may take.

    A sample account's clients are invented: what it sends goes to the mail catcher, and nowhere (an empty list) without
    one, whatever else is configured.
    """
    return read_catcher(current_app.config) if owner.is_sample else configured()


def read_catcher(config: Mapping[str, Any]) -> list[MailRoute]:
    """The mail catcher that `make run` starts, or `MAIL_CATCHER_URL` names; empty without one. Raises ConfigError."""
    if not config["MAIL_CATCHER_URL"]:
        return []
    return list(_routes("MAIL_CATCHER_URL", [config["MAIL_CATCHER_URL"]], config).values())


def read_routes(config: Mapping[str, Any]) -> list[MailRoute]:
    """The servers of `MAILINGS_SMTP_URLS`, else the one of `MAILINGS_SMTP_URL`.

    Raises ConfigError, which names the setting and the number of the URL and never shows a password.
    """
    several = str(config["MAILINGS_SMTP_URLS"] or "").replace(",", " ").split()
    setting = "MAILINGS_SMTP_URLS" if several else "MAILINGS_SMTP_URL"
    return list(_routes(setting, several or [config["MAILINGS_SMTP_URL"]], config).values())


def _routes(setting: str, urls: list[str], config: Mapping[str, Any]) -> dict[str, MailRoute]:
    try:
        sender = ascii_address(config["MAILINGS_FROM"])
    except HeaderError:
        given = config["MAILINGS_FROM"]
        raise ConfigError(
            in_language(f"MAILINGS_FROM — не адрес: {given!r}.", f"MAILINGS_FROM is not an address: {given!r}.")
        ) from None
    routes: dict[str, MailRoute] = {}
    for number, url in enumerate(urls, start=1):
        try:
            route = _route(url, sender, config["MAILINGS_CONNECTIONS"])
        except (ValueError, OSError) as error:
            raise ConfigError(f"{setting}: URL {number}: {error}") from None
        if route.transport.name in routes:
            raise ConfigError(
                in_language(
                    f"{setting}: URL {number}: {route.transport.name} указан дважды.",
                    f"{setting}: URL {number}: {route.transport.name} is named twice.",
                )
            )
        routes[route.transport.name] = route
    return routes


def _route(url: str, sender: str, own_connections: int) -> MailRoute:
    transport = Transport.from_url(url, sender=sender, helo=sender.rpartition("@")[2])
    if transport.provider is not None and transport.provider not in PROVIDERS:
        raise ValueError(f"provider={transport.provider} is none of {', '.join(PROVIDERS)}")
    if transport.security is not Security.NONE:
        transport.tls_context()  # OSError when `ca_file` cannot be read
    if "connections" in dict(parse_qsl(urlsplit(url).query)):
        return MailRoute(transport, transport.connections)
    return MailRoute(replace(transport, connections=own_connections), None)


def choose(routes: list[MailRoute]) -> RouteChoice | None:
    """The first server that may be connected to now; None when all rest. Winning a probe commits."""
    until: datetime | None = None
    for route in routes:
        state = health.try_server(route.transport)
        if state is not BreakerState.OPEN:
            return RouteChoice(route, state is BreakerState.PROBING, until)
        times = health.probe_times([route.transport]).values()
        db.session.rollback()
        until = min((time for time in (until, *times) if time is not None), default=None)
    return None


def probe_at(routes: list[MailRoute] | None = None) -> datetime | None:
    """When the first of these servers (by default those configured) is tried again; None while at least one works."""
    transports = [route.transport for route in (configured() if routes is None else routes)]
    times = health.probe_times(transports)
    return min(times.values(), default=None) if len(times) == len(transports) else None


def all_rest(routes: list[MailRoute] | None = None) -> bool:
    """Whether every one of these servers is out of order and none is to be tried yet."""
    earliest = probe_at(routes)
    is_resting = earliest is not None and earliest > database_now()
    db.session.rollback()
    return is_resting
