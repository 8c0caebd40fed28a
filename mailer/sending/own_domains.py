"""Owners' own domains: which one stands in From, and the keys that sign for it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import delete, select

from mailer import sealing
from mailer.composing.dkim import KeyRefused, Signer
from mailer.composing.headers import ascii_address
from mailer.extensions import db
from mailer.models.sending_domain import DomainKey, SendingDomain
from mailer.recipient_domains import domain_of
from mailer.sending.servers import dkim_keys

log = structlog.get_logger()

LABEL = b"dkim key of an owner's domain"
PROOF = "_golub"  # before the domain
KEPT_FOR = timedelta(days=7)  # that mails signed with a retired key are still on their way


def proof_name(domain: str) -> str:
    """Where the proof stands."""
    return f"{PROOF}.{domain}"


def proof_text(owner_id: int, domain: str) -> str:
    """What must stand there: it follows from owner and domain, and nothing is kept of it."""
    said = f"proof of a domain:{owner_id}:{domain}".encode()
    return f"golub={hmac.digest(current_app.config['SECRET_KEY'].encode(), said, 'sha256').hex()[:32]}"


def used_by(owner_id: int) -> SendingDomain | None:
    """The domain that the owner's mailings leave from; None: that of the service."""
    query = select(SendingDomain).where(SendingDomain.owner_id == owner_id, SendingDomain.is_used)
    domain: SendingDomain | None = db.session.scalar(query)
    return domain


def make_key(domain: SendingDomain, now: datetime) -> DomainKey:
    """A new key, which waits for its record; no commit."""
    selector = f"golub-{secrets.token_hex(3)}"
    record, sealed = _made("rsa", domain, selector)
    key = DomainKey(domain_id=domain.id, selector=selector, record=record, sealed=sealed, made_at=now)
    make_second_key(domain, key)
    db.session.add(key)
    return key


def make_second_key(domain: SendingDomain, key: DomainKey) -> None:
    """The one of Ed25519 beside a key, which those of earlier releases have not; no commit."""
    key.ed25519_record, key.ed25519_sealed = _made("ed25519", domain, key.ed25519_selector)
    key.ed25519_seen_at = None


def _made(kind: str, domain: SendingDomain, selector: str) -> tuple[str, str]:
    pem = dkim_keys.new_key(kind)
    return Signer(domain.name, selector, pem).dns_text, sealing.seal(LABEL, pem.decode("ascii"))


def keys_of(domain: SendingDomain) -> list[DomainKey]:
    """All that there are, the newest first."""
    query = select(DomainKey).where(DomainKey.domain_id == domain.id).order_by(DomainKey.id.desc())
    return list(db.session.scalars(query))


def signer_of(domain: SendingDomain, key: DomainKey) -> Signer | None:
    """The key, opened; None when SECRET_KEY is another one than when it was made."""
    return _opened(domain, key.selector, key.sealed)


def second_signer_of(domain: SendingDomain, key: DomainKey) -> Signer | None:
    """The same of the key of Ed25519; None where there is none."""
    return _opened(domain, key.ed25519_selector, key.ed25519_sealed) if key.ed25519_sealed is not None else None


def _opened(domain: SendingDomain, selector: str, sealed: str) -> Signer | None:
    pem = sealing.unseal(LABEL, sealed)
    try:
        return Signer(domain.name, selector, pem.encode("ascii")) if pem is not None else None
    except KeyRefused as error:
        log.error("key of a domain", domain=domain.name, selector=selector, error=str(error))
        return None


def as_it_may_leave(owner_id: int, about: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Signer, ...]]:
    """What a snapshot says of its sender (`about_sender`), as far as it still holds, and who signs it.

    Whose domain is not proven any more, or whose key cannot be opened, writes from the service's address. A mail from
    an own domain bears the service's signature too, for those who report complaints to whoever sends.

    It opens keys: once for each stretch of work, never for each mail.
    """
    service = dkim_keys.configured()
    if "from_email" not in about:
        return about, service
    own = _signing_for(owner_id, about["from_email"].rpartition("@")[2])
    if not own:
        return {name: value for name, value in about.items() if name != "from_email"}, service
    return about, (*own, *service)


def from_domain(about: Mapping[str, Any]) -> str:
    """The domain of From of a snapshot, in ASCII and lower case: the owner's own, or that of the service."""
    return domain_of(ascii_address(about.get("from_email") or current_app.config["MAILINGS_FROM"]))


def _signing_for(owner_id: int, name: str) -> tuple[Signer, ...]:
    """Its key, and the second one where the DNS shows that; nobody without the first, which every receiver reads."""
    query = (
        select(SendingDomain, DomainKey)
        .join(DomainKey, DomainKey.domain_id == SendingDomain.id)
        .where(SendingDomain.owner_id == owner_id, SendingDomain.name == name, SendingDomain.proven_at.is_not(None))
        .where(DomainKey.signs_since.is_not(None), DomainKey.retired_at.is_(None))
    )
    found = db.session.execute(query).first()
    first = signer_of(*found) if found is not None else None
    if found is None or first is None:
        return ()
    second = second_signer_of(*found) if found.DomainKey.ed25519_seen_at is not None else None
    return (first, second) if second is not None else (first,)


def forget_old_keys(now: datetime) -> None:
    """Forget keys that have signed nothing for long enough. Commits."""
    db.session.execute(delete(DomainKey).where(DomainKey.retired_at < now - KEPT_FOR))
    db.session.commit()
