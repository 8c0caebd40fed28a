"""The installation's own domain: what stands in the settings, what the DNS should say of it, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from flask import current_app
from redis import RedisError

from mailer import queue
from mailer.composing.dkim import Signer
from mailer.composing.headers import ascii_address
from mailer.domain_checks import hosts, records
from mailer.domain_checks.asking import DnsAsker, all_at_once
from mailer.domain_checks.findings import DnsFinding, RecordVerdict
from mailer.domain_checks.spf import spf
from mailer.domains.alignment import Alignment
from mailer.domains.looks import DnsLook, asker, now_looked
from mailer.domains.wanted import Wanted, dmarc_record, mx_record, spf_record, tls_report_record
from mailer.sending import return_path
from mailer.sending.servers import dkim_keys, mail_routes

KEY = "domains:service"
REMEMBERED_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True)
class ServiceDomain:
    """What the settings say."""

    from_domain: str
    envelope_domain: str
    takes_reports: bool  # BOUNCE_ADDRESS is set
    signers: Sequence[Signer]
    relays: Sequence[str]  # hosts that the world can see

    @property
    def alignment(self) -> Alignment:
        """Of a mail that leaves under the service's own address."""
        return Alignment(self.from_domain, self.envelope_domain, [signer.domain for signer in self.signers])


def configured() -> ServiceDomain:
    """Read the settings."""
    domain = ascii_address(current_app.config["MAILINGS_FROM"]).rpartition("@")[2].lower()
    path = return_path.configured()
    relays = [route.transport.host for route in mail_routes.configured()]
    return ServiceDomain(
        domain,
        path.domain.lower() if path is not None else domain,
        path is not None,
        dkim_keys.configured(),
        [host for host in dict.fromkeys(relays) if hosts.is_public(host)],
    )


def look_now() -> DnsLook:
    """Ask the DNS, some seconds at most, and keep the answer."""
    look = now_looked(_ask(configured(), asker()))
    with suppress(RedisError, OSError):
        kept = json.dumps({"at": look.at.timestamp(), "findings": look.as_json()})
        queue.connection().set(KEY, kept, ex=REMEMBERED_SECONDS)
    return look


def last_look() -> DnsLook | None:
    """The last answer, as far as is known."""
    try:
        found = queue.connection().get(KEY)
        kept = json.loads(found) if found else None
        return DnsLook.from_json(datetime.fromtimestamp(kept["at"], UTC), kept["findings"]) if kept else None
    except (RedisError, OSError, ValueError, TypeError, KeyError):
        return None


def wanted(domain: ServiceDomain) -> list[Wanted]:
    """The records that should stand there, for whoever lacks them."""
    site = urlsplit(current_app.config["SITE_URL"]).hostname or ""
    sites = [site] if hosts.is_public(site) else []  # nobody is told to publish a machine of their own network
    dkim = [Wanted(signer.dns_name, "TXT", signer.dns_text) for signer in domain.signers]
    return [
        *dkim,
        *([spf_record(domain.envelope_domain, senders)] if (senders := domain.relays or sites) else []),
        dmarc_record(domain.from_domain),
        *(mx_record(domain.envelope_domain, host) for host in sites if not hosts.is_address(host)),
        tls_report_record(domain.envelope_domain),
    ]


def _ask(domain: ServiceDomain, ask: DnsAsker) -> list[DnsFinding]:
    envelope = domain.envelope_domain
    without_mx = RecordVerdict.MISSING if domain.takes_reports else RecordVerdict.ADVICE
    questions: list[Callable[[], DnsFinding]] = [
        *(partial(records.dkim, ask, signer.dns_name, signer.dns_text) for signer in domain.signers),
        partial(spf, ask, envelope),
        partial(records.dmarc, ask, domain.from_domain),
        partial(hosts.mail_exchange, ask, envelope, without_mx),
        *(partial(hosts.reverse_name, ask, host) for host in domain.relays),
        partial(records.tls_reports, ask, envelope),
        partial(records.mta_sts, ask, envelope),
    ]
    return all_at_once(questions)
