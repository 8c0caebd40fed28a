"""Fetching a file from a named site on the internet: https only, and never from inside the operator's own network."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

LIMIT_BYTES = 16 * 1024
SECONDS = 5.0
PORT = 443
_INTO_IPV4 = [ipaddress.ip_network(name) for name in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]


class NotFetched(OSError):
    """The file could not be had; the text says why, and nothing of what was answered."""


def is_public(address: str) -> bool:
    """Whether an address is one of the internet at large: not of this machine, a private network or a cloud's own."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _INTO_IPV4):
            return False
        ip = ip.ipv4_mapped or ip
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def fetch(
    url: str,
    *,
    may_ask: Callable[[str], bool] = is_public,
    context: ssl.SSLContext | None = None,
) -> bytes:
    """Get a small file. No redirects, no proxy; the name is looked up once, and what it stands for is asked.

    `may_ask` judges each address of the host. Errors: NotFetched.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise NotFetched("the address is not https://host/…")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    until = time.monotonic() + SECONDS
    try:
        address = resolved(parts.hostname, parts.port or PORT, may_ask)
        tls = context or ssl.create_default_context()
        with closing(connection_to(parts.hostname, address, tls, SECONDS)) as connection:
            connection.request("GET", path, headers={"Host": parts.netloc, "Connection": "close"})
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise NotFetched(f"{parts.hostname} answered {answer.status}")
            return _read(answer, until)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise error if isinstance(error, NotFetched) else NotFetched(str(error)[:200] or repr(error)[:200]) from error


def resolved(host: str, port: int, may_ask: Callable[[str], bool]) -> tuple[str, int]:
    """Where a host is asked. Raises NotFetched unless each of its addresses may be, OSError where there is no host."""
    found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(map(may_ask, found)):  # one of several may be what is asked the next time
        raise NotFetched(f"{host} is not on the internet")
    return found[0], port


def _read(answer: http.client.HTTPResponse, until: float) -> bytes:
    content = b""
    while block := answer.read1(4096):
        content += block
        if len(content) > LIMIT_BYTES:
            raise NotFetched("too large")
        if time.monotonic() > until:
            raise NotFetched("too slow")
    return content


def connection_to(
    host: str, address: tuple[str, int], tls: ssl.SSLContext | None, seconds: float
) -> http.client.HTTPConnection:
    """To an address that was judged, for the host whose certificate it must show; without `tls` nothing is shown."""
    return _Connection(host, address, tls, seconds)


class _Connection(http.client.HTTPConnection):
    sock: socket.socket

    def __init__(self, host: str, address: tuple[str, int], tls: ssl.SSLContext | None, seconds: float) -> None:
        super().__init__(host, address[1], timeout=seconds)
        self._address, self._tls = address, tls
        self.default_port = PORT if tls is not None else http.client.HTTP_PORT

    def connect(self) -> None:
        raw = socket.create_connection(self._address, self.timeout)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host) if self._tls is not None else raw
