"""Records to add, word for word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.domain_checks.findings import DnsFinding, RecordVerdict


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record as the forms of DNS providers take it."""

    name: str
    kind: str  # TXT, MX
    value: str


def spf_record(domain: str, relays: Sequence[str]) -> Wanted:
    """Allows the relay; whoever sends by a provider puts the provider's `include:` there instead."""
    return Wanted(domain, "TXT", " ".join(["v=spf1", *(f"{_mechanism(host)}:{host}" for host in relays), "~all"]))


def dmarc_record(domain: str) -> Wanted:
    """The policy to begin with: it asks for nothing, and shows that somebody cares."""
    return Wanted(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none")


def mx_record(domain: str, host: str) -> Wanted:
    """Brings the domain's mail to this machine."""
    return Wanted(domain, "MX", f"10 {host}")


def tls_report_record(domain: str) -> Wanted:
    """Asks other servers to tell of failed encryption."""
    return Wanted(f"_smtp._tls.{domain}", "TXT", f"v=TLSRPTv1; rua=mailto:postmaster@{domain}")


def to_add(finding: DnsFinding, wanted: Sequence[Wanted]) -> Wanted | None:
    """What would put this finding right; None where nothing is to be added."""
    if finding.verdict in (RecordVerdict.RIGHT, RecordVerdict.UNKNOWN):
        return None
    kind = "MX" if finding.check == "mx" else "TXT"
    if finding.check in ("spf", "mx", "dmarc") and finding.verdict is RecordVerdict.WRONG:
        return None  # there is one, to be mended by whoever wrote it
    return next((record for record in wanted if (record.name, record.kind) == (finding.name, kind)), None)


def _mechanism(host: str) -> str:
    if ":" in host:
        return "ip6"
    return "ip4" if host.replace(".", "").isdigit() else "a"
