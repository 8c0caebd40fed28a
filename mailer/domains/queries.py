"""What the pages of an owner's domains show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from mailer.composing.headers import ascii_address
from mailer.domain_checks.findings import Check, RecordVerdict
from mailer.domains.alignment import Alignment
from mailer.domains.looking import record_name, second_record_name
from mailer.domains.looks import DnsLook
from mailer.domains.wanted import Wanted, dmarc_record, tls_report_record
from mailer.extensions import db
from mailer.models.sending_domain import DomainKey, SendingDomain
from mailer.sending import own_domains, return_path
from mailer.sending.servers import dkim_keys


@dataclass(frozen=True, slots=True)
class DomainView:
    """A domain, its keys, and what the DNS said of it last."""

    look: DnsLook | None
    wanted: Sequence[Wanted]  # to be added
    first: Sequence[Wanted]  # those without which nothing leaves from the domain, while no look has been
    second: Sequence[Wanted]  # the second signature of each key: good to have
    signing: DomainKey | None
    waiting: DomainKey | None
    resting: Sequence[tuple[DomainKey, datetime]]  # and when its record may go
    alignment: Alignment
    is_held_by_another: bool
    waits_for_key: bool  # a job makes one


def domains_of(owner_id: int) -> Sequence[SendingDomain]:
    """An owner's domains by name."""
    query = select(SendingDomain).where(SendingDomain.owner_id == owner_id).order_by(SendingDomain.name)
    return db.session.scalars(query).all()


def view_of(domain: SendingDomain) -> DomainView:
    """Everything for its page."""
    keys = own_domains.keys_of(domain)
    live = [key for key in keys if key.retired_at is None]
    signing = next((key for key in live if key.signs_since is not None), None)
    proof = Wanted(own_domains.proof_name(domain.name), "TXT", own_domains.proof_text(domain.owner_id, domain.name))
    first = [proof, *(Wanted(record_name(domain, key), "TXT", key.record) for key in live)]
    second = [
        Wanted(second_record_name(domain, key), "TXT", key.ed25519_record)
        for key in live
        if key.ed25519_record is not None
    ]
    look = None
    if domain.looked_at is not None and domain.findings is not None:
        look = DnsLook.from_json(domain.looked_at, domain.findings)
    return DomainView(
        look=look,
        wanted=[*first, *second, dmarc_record(domain.name), tls_report_record(domain.name)],
        first=first,
        second=second,
        signing=signing,
        waiting=next((key for key in live if key.signs_since is None), None),
        resting=[(key, key.retired_at + own_domains.KEPT_FOR) for key in keys if key.retired_at is not None],
        alignment=_alignment(domain, signing),
        is_held_by_another=_is_held_by_another(domain, look),
        waits_for_key=domain.wants_key,
    )


def _alignment(domain: SendingDomain, signing: DomainKey | None) -> Alignment:
    path = return_path.configured()
    envelope = path.domain if path is not None else ascii_address(current_app.config["MAILINGS_FROM"])
    own = [domain.name] if signing is not None else []
    signers = [*own, *(signer.domain for signer in dkim_keys.configured())]
    return Alignment(domain.name, envelope.rpartition("@")[2].lower(), signers)


def _is_held_by_another(domain: SendingDomain, look: DnsLook | None) -> bool:
    """Told only to whoever manages the domain's DNS."""
    if domain.proven_at is not None or look is None:
        return False
    if not any(finding.verdict is RecordVerdict.RIGHT for finding in look.of(Check.PROOF)):
        return False
    proven = select(SendingDomain.id).where(SendingDomain.name == domain.name, SendingDomain.proven_at.is_not(None))
    return db.session.scalar(proven.limit(1)) is not None
