"""A DNS server on loopback that answers as a test wants it, over UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dnslib import AAAA, MX, PTR, QTYPE, RCODE, RR, TXT, A
from dnslib.server import DNSServer

from launcher.ports import first_free

KINDS = {"TXT": TXT, "MX": MX, "A": A, "AAAA": AAAA, "PTR": PTR}
STRING = 255


@dataclass
class NameServer:
    """`records[name, kind]` are its answers; `broken` names get SERVFAIL; `is_silent`: nothing gets an answer."""

    records: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def put(self, name: str, kind: str, *values: Any) -> None:
        """Let these be the records there; `MX` takes a host."""
        self.records[name.lower(), kind] = list(values)

    def resolve(self, request: Any, handler: Any) -> Any:
        """Answer one question."""
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        self.asked.append(f"{kind} {name}")
        if self.is_silent:
            raise OSError("silent")
        reply = request.reply()
        if name in self.broken or "*" in self.broken:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        values = self.records.get((name, kind), [])
        if not values and not any(known == name for known, _kind in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        for value in values:
            reply.add_answer(RR(request.q.qname, request.q.qtype, rdata=_data(kind, value), ttl=1))
        return reply


def _data(kind: str, value: Any) -> Any:
    if kind == "TXT":
        octets = value.encode()
        return TXT([octets[at : at + STRING] for at in range(0, len(octets), STRING)] or [b""])
    return KINDS[kind](value, 10) if kind == "MX" else KINDS[kind](value)


class _Quiet:
    """No lines about what was asked."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args: None


@contextmanager
def running_name_server() -> Iterator[NameServer]:
    """A server without any record."""
    server = NameServer()
    server.port = first_free(24_500)  # below what the system hands out: the next one to connect would be given it
    udp, tcp = (
        DNSServer(server, address="127.0.0.1", port=server.port, tcp=is_tcp, logger=_Quiet())
        for is_tcp in (False, True)
    )
    udp.start_thread()
    tcp.start_thread()
    try:
        yield server
    finally:
        for each in (udp, tcp):
            each.stop()
            each.server.server_close()
