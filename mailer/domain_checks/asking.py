"""Questions to the DNS within one span of time, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from mailer.domain_checks.findings import Away

T = TypeVar("T")
SECONDS = 3.0  # somebody waits for the page
MOST_AT_ONCE = 12
_LEAST = 0.01


class BadName(ValueError):
    """What a record refers to is no name in DNS."""


class DnsAsker:
    """One look: everything asked through it ends within `seconds` of its making, answered or not."""

    def __init__(self, server: tuple[str, int] | None = None, seconds: float | None = None) -> None:
        seconds = SECONDS if seconds is None else seconds
        self._ends_at = time.monotonic() + seconds
        self._resolver: dns.resolver.Resolver | None = None
        try:
            self._resolver = dns.resolver.Resolver(configure=server is None)
        except (dns.exception.DNSException, OSError):  # no resolv.conf: nobody to ask
            return
        if server is not None:
            self._resolver.nameservers, self._resolver.port = [server[0]], server[1]
        self._resolver.timeout = seconds / 2  # of one server's answer: a second server gets its turn

    def texts(self, name: str) -> list[str]:
        """The TXT records there, the strings of each joined; [] when there is none. Errors: Away, BadName."""
        return [b"".join(record.strings).decode("utf-8", "replace") for record in self._records(name, "TXT")]

    def hosts(self, name: str, kind: str) -> list[str]:
        """Names or addresses of `MX` (the most preferred first; `.` is a null MX), `A`, `AAAA` or `PTR` records."""
        records = self._records(name, kind)
        if kind == "MX":
            return [_plain(str(record.exchange)) for record in sorted(records, key=lambda record: record.preference)]
        return [_plain(str(record)) for record in records]

    def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6 addresses of a host."""
        return [*self.hosts(name, "A"), *self.hosts(name, "AAAA")]

    def reverse_names(self, address: str) -> list[str]:
        """What an IP address is called. Errors: Away, BadName for what is no address."""
        try:
            name = dns.reversename.from_address(address).to_text()
        except (dns.exception.DNSException, ValueError) as error:
            raise BadName(address) from error
        return self.hosts(name, "PTR")

    def _records(self, name: str, kind: str) -> list[Any]:
        left = self._ends_at - time.monotonic()
        if self._resolver is None or left < _LEAST:
            raise Away(name)
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            raise BadName(name) from error
        try:
            return list(self._resolver.resolve(asked, kind, lifetime=left, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise Away(name) from error


def all_at_once(questions: Sequence[Callable[[], T]]) -> list[T]:
    """The answers to independent questions, in their order."""
    if not questions:
        return []
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(questions)), "dns") as threads:
        return list(threads.map(lambda question: question(), questions))


def _plain(name: str) -> str:
    return name.lower().rstrip(".") or "."
