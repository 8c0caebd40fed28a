"""Where and how to hand emails over: one mail server, its credentials, limits and time-outs."""

import ipaddress
import math
import ssl
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailer.smtp.envelope import is_address


class Security(StrEnum):
    """How the connection is protected. There is no "if possible": never fall back to plain text."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; those of RFC 5321 section 4.5.3.2. Each limits the whole answer, however it dribbles in."""

    connect: float = 30
    greeting: float = 300
    ehlo: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180  # without any of the content moving on
    dot: float = 600
    quit: float = 5
    idle: float = 10  # then a connection without work is given back
    attempt: float = 1_800  # one email from its MAIL to the answer to its dot


@dataclass(frozen=True, slots=True)
class Transport:
    """One mail server as configured. `from_url` reads `smtp+starttls://user:password@host:587?connections=4`."""

    host: str
    port: int
    sender: str  # envelope sender, addr-spec; empty: the null reverse-path
    security: Security = Security.NONE
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    helo: str = "localhost"
    connections: int = 8
    messages_per_connection: int = 100
    seconds_per_connection: float = 300
    rate: float | None = None  # messages a second, all connections together
    probe_after: float = 30  # seconds from a server fault to the first probe, then doubled
    probe_at_most: float = 300
    creep: float = 30  # seconds until a pace that the server pressed down is raised by a step
    pipelining: bool = True  # where the server offers it
    rides_behind_dot: bool = True  # the next envelope follows a final dot at once (RFC 2920, section 3.1)
    allow_plain_auth: bool = False  # send credentials over an unprotected connection to another machine
    ca_file: str | None = None  # certificates to trust instead of the system's
    provider: str | None = None  # whose server it is, where reports come by that provider's webhook
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        """Refuse what could not stand in MAIL FROM or EHLO."""
        if self.sender and not is_address(self.sender):
            raise ValueError(f"the envelope sender {self.sender!r} is not an address")
        if not self.helo.isascii() or not self.helo.isprintable() or " " in self.helo or not self.helo:
            raise ValueError(f"the name {self.helo!r} cannot be said in EHLO")

    @classmethod
    def from_url(cls, url: str, *, sender: str = "", helo: str = "localhost") -> "Transport":
        """Read a URL `smtp://`, `smtp+starttls://` or `smtps://`; its query sets any other field or time-out.

        `?connections=8&rate=14&dot=60&ca_file=/etc/ca.pem`. ValueError names what it does not understand, never the
        password.
        """
        parts, port = _parts(url)
        try:
            security = Security(parts.scheme)
        except ValueError:
            raise ValueError("unknown scheme: use smtp://, smtp+starttls:// or smtps://") from None
        if not parts.hostname:
            raise ValueError("the mail server's URL names no host")
        options = {"sender": sender, "helo": helo} | dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        limits = {name: options.pop(name) for name in _TIMEOUT_NAMES & options.keys()}
        return cls(
            host=parts.hostname,
            port=port or _PORTS[security],
            security=security,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password is not None else None,
            timeouts=Timeouts(**{name: _number(name, value, float) for name, value in limits.items()}),
            **{name: _option(name, value) for name, value in options.items()},  # type: ignore[arg-type]
        )

    @property
    def name(self) -> str:
        """Return what people and the database call the server: host and port, no credentials."""
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether the server is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def may_send_credentials_unprotected(self) -> bool:
        """Tell whether username and password may be said without TLS."""
        return self.is_loopback or self.allow_plain_auth

    def tls_context(self) -> ssl.SSLContext:
        """Return the rules of trust: certificate and host name are always checked."""
        return ssl.create_default_context(cafile=self.ca_file)


_N = TypeVar("_N", int, float)
_TIMEOUT_NAMES = {item.name for item in fields(Timeouts)}
_TEXT = {"sender", "helo", "ca_file", "provider"}
_WHOLE = {"connections", "messages_per_connection"}
_YES_NO = {"pipelining", "rides_behind_dot", "allow_plain_auth"}
_SECONDS = {"seconds_per_connection", "rate", "probe_after", "probe_at_most", "creep"}


def _parts(url: str) -> tuple[SplitResult, int | None]:
    """Take the URL apart. The library's errors would repeat what may be a password; ours do not."""
    try:
        parts = urlsplit(url)
        is_cut = "@" in parts.path + parts.query + parts.fragment
        if not is_cut:
            return parts, parts.port
    except ValueError:
        pass
    raise ValueError("the mail server's URL cannot be read: user name and password must be percent-encoded")


def _option(name: str, value: str) -> str | int | float | bool:
    if name in _TEXT:
        return value
    if name in _WHOLE:
        return _number(name, value, int)
    if name in _SECONDS:
        return _number(name, value, float)
    if name in _YES_NO and value in ("0", "1"):
        return value == "1"
    raise ValueError(f"the mail server's URL says {name}={value}, which means nothing")


def _number(name: str, value: str, kind: type[_N]) -> _N:
    try:
        number = kind(value)
    except ValueError:
        number = kind(0)
    if not 0 < number < math.inf:
        raise ValueError(f"the mail server's URL says {name}={value}, which is not a number above 0")
    return number
