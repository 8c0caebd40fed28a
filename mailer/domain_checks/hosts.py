"""Names of hosts: who takes the domain's mail, and what the relay's address is called."""

from __future__ import annotations

import ipaddress

from mailer.domain_checks.asking import BadName, DnsAsker
from mailer.domain_checks.findings import Away, Check, DnsFinding, RecordVerdict, unknown

MOST_ADDRESSES = 4  # of a relay that are looked at


def mail_exchange(ask: DnsAsker, domain: str, missing: RecordVerdict = RecordVerdict.MISSING) -> DnsFinding:
    """Who takes mail for the domain; `missing`: how bad it is that nobody does."""
    found = DnsFinding(Check.MX, domain, RecordVerdict.RIGHT)
    try:
        records = ask.hosts(domain, "MX")
        found.show(records)
        if records == ["."]:  # RFC 7505: no mail, ever
            found.blame("null-mx")
        elif records:
            if not any(ask.addresses(host) for host in records[:MOST_ADDRESSES] if host != "."):
                found.blame("no-address", records[0])
        elif ask.addresses(domain):  # RFC 5321, section 5.1: the host itself
            found.show([f"A {address}" for address in ask.addresses(domain)])
        else:
            found.verdict = missing
    except Away:
        return unknown(Check.MX, domain)
    except BadName as error:
        found.blame("bad-name", str(error))
    return found


def reverse_name(ask: DnsAsker, host: str) -> DnsFinding:
    """Whether each address of the relay has a name that leads back to it, as receivers want of whoever connects."""
    found = DnsFinding(Check.REVERSE, host, RecordVerdict.RIGHT)
    try:
        addresses = [host] if is_address(host) else ask.addresses(host)[:MOST_ADDRESSES]
        if not addresses:
            found.blame("no-address", host)
        for address in addresses:
            names = ask.reverse_names(address)[:MOST_ADDRESSES]
            found.records.append(f"{address} → {', '.join(names) or '—'}")
            if not names:
                found.blame("no-name", address)
            elif not any(address in ask.addresses(name) for name in names):
                found.blame("not-back", address)
    except (Away, BadName):
        return unknown(Check.REVERSE, host)
    return found


def is_public(host: str) -> bool:
    """Whether the world sees this host under its name or number: not a machine of one's own network."""
    if not is_address(host):
        return "." in host.strip(".") and not host.lower().rstrip(".").endswith((".localhost", ".local", ".internal"))
    return ipaddress.ip_address(host).is_global


def is_address(host: str) -> bool:
    """Whether this is the number of a host, no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
