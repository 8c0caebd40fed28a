"""A look at an owner's domain, and what follows from it: proof, keys that begin to sign, and the end of its use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.domain_checks import hosts, records
from mailer.domain_checks.asking import all_at_once
from mailer.domain_checks.findings import Check, DnsFinding, RecordVerdict
from mailer.domains.looks import DnsLook, asker, now_looked
from mailer.errors import constraint_of
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.account_email import AccountEmail
from mailer.models.sending_domain import ONE_HOLDER, DomainKey, SendingDomain
from mailer.models.user import User
from mailer.sending import own_domains

log = structlog.get_logger()

AT_WORK = timedelta(minutes=10)  # longer than any look lasts: nobody else begins it meanwhile
SOON, DAILY, WEEKLY = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
EAGER_FOR = timedelta(days=3)  # records that are waited for are looked for every hour
APART = timedelta(hours=20)  # between two sure noes that count: a mistake of a minute ends nothing
SURE_NO = (RecordVerdict.MISSING, RecordVerdict.WRONG)


def due_domains(now: datetime, limit: int = 20) -> list[int]:
    """Whose look has come, the longest due first."""
    query = select(SendingDomain.id).where(SendingDomain.look_due_at <= now).order_by(SendingDomain.look_due_at)
    return list(db.session.scalars(query.limit(limit)))


def look_when_due(domain_id: int) -> None:
    """The job: make the key that is wanted, look, and draw the consequences. Harmless at any time."""
    now = utcnow()
    due = (SendingDomain.id == domain_id, or_(SendingDomain.look_due_at <= now, SendingDomain.wants_key))
    taken = update(SendingDomain).where(*due).values(look_due_at=now + AT_WORK).returning(SendingDomain.id)
    if db.session.execute(taken).first() is None:
        db.session.rollback()
        return
    db.session.commit()
    make_wanted_key(domain_id)
    look_now(domain_id)


def make_wanted_key(domain_id: int) -> None:
    """Make the key that the domain waits for. Keys that cannot be opened, since SECRET_KEY is another one, are made
    anew; mailings leave from the service's address until then. Commits.
    """
    locked = select(SendingDomain).where(SendingDomain.id == domain_id).with_for_update(**FOR_CHANGE)
    domain = db.session.scalar(locked)
    if domain is not None:
        keys = [key for key in own_domains.keys_of(domain) if key.retired_at is None]
        for lost in [key for key in keys if own_domains.signer_of(domain, key) is None]:
            log.warning("key of a domain cannot be opened", domain=domain.name, selector=lost.selector)
            domain.is_used, domain.wants_key = domain.is_used and lost.signs_since is None, True
            keys.remove(lost)
            db.session.delete(lost)
        if domain.wants_key and all(key.signs_since for key in keys):
            own_domains.make_key(domain, utcnow())
        for key in keys:
            if own_domains.second_signer_of(domain, key) is None:  # of an earlier release, or of another SECRET_KEY
                own_domains.make_second_key(domain, key)
        domain.wants_key = False
    db.session.commit()


def look_now(domain_id: int) -> DnsLook | None:
    """Ask the DNS, some seconds at most, and draw the consequences; None when the domain is gone. Commits."""
    domain = db.session.get(SendingDomain, domain_id)
    if domain is None:
        return None
    questions = _questions(domain, own_domains.keys_of(domain))
    db.session.commit()  # nothing of ours is open while the network is
    look = now_looked(all_at_once(questions))
    return look if _conclude(domain_id, look) else None


def _questions(domain: SendingDomain, keys: Sequence[DomainKey]) -> list[Callable[[], DnsFinding]]:
    ask, name = asker(), domain.name
    live = [key for key in keys if key.retired_at is None]
    proof = own_domains.proof_text(domain.owner_id, name)
    return [
        partial(records.proof, ask, own_domains.proof_name(name), proof),
        *(partial(records.dkim, ask, record_name(domain, key), key.record) for key in live),
        *(
            partial(records.dkim, ask, second_record_name(domain, key), key.ed25519_record, RecordVerdict.ADVICE)
            for key in live
            if key.ed25519_record is not None
        ),
        partial(records.dmarc, ask, name),
        partial(hosts.mail_exchange, ask, name, RecordVerdict.ADVICE),
        partial(records.tls_reports, ask, name),
    ]


def record_name(domain: SendingDomain, key: DomainKey) -> str:
    """Where the key's record stands."""
    return f"{key.selector}._domainkey.{domain.name}"


def second_record_name(domain: SendingDomain, key: DomainKey) -> str:
    """Where the record of its key of Ed25519 stands."""
    return f"{key.ed25519_selector}._domainkey.{domain.name}"


def _conclude(domain_id: int, look: DnsLook) -> bool:
    locked = select(SendingDomain).where(SendingDomain.id == domain_id).with_for_update(**FOR_CHANGE)
    domain = db.session.scalar(locked.execution_options(populate_existing=True))
    if domain is None:
        db.session.rollback()
        return False
    domain.findings, domain.looked_at = look.as_json(), look.at
    try:
        letters = _follow(domain, look)
        domain.look_due_at = look.at + _pause(domain, look)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        if constraint_of(error) != ONE_HOLDER:
            raise
        _keep_unproven(domain_id, look)
        return True
    outbox.wake(*letters)
    return True


def _keep_unproven(domain_id: int, look: DnsLook) -> None:
    """Another account has proven it: what was found is kept, and nothing follows."""
    kept = {"findings": look.as_json(), "looked_at": look.at, "look_due_at": look.at + DAILY}
    db.session.execute(update(SendingDomain).where(SendingDomain.id == domain_id).values(**kept))
    db.session.commit()


def _follow(domain: SendingDomain, look: DnsLook) -> list[AccountEmail]:
    (proof,) = look.of(Check.PROOF)
    if domain.proven_at is None and proof.verdict is RecordVerdict.RIGHT:
        domain.proven_at, domain.missed_at, domain.ended_at = look.at, None, None
    if domain.proven_at is None:
        return []
    signing = _switch_keys(domain, look)
    verdicts = [proof.verdict, *([signing.verdict] if signing is not None else [])]
    if all(verdict is RecordVerdict.RIGHT for verdict in verdicts):
        domain.missed_at = None
    elif any(verdict in SURE_NO for verdict in verdicts):
        if domain.missed_at is None:
            domain.missed_at = look.at
        elif look.at - domain.missed_at >= APART:
            return _end(domain, look.at)
    return []


def _switch_keys(domain: SendingDomain, look: DnsLook) -> DnsFinding | None:
    """Let the key sign that the DNS shows now, and the one before rest; the finding about the key that signs."""
    found = {finding.name: finding for finding in look.of(Check.DKIM)}
    keys = [key for key in own_domains.keys_of(domain) if key.retired_at is None]
    for key in keys:
        _note_second_key(key, found.get(second_record_name(domain, key)), look.at)
    waiting = next((key for key in keys if key.signs_since is None), None)
    signing = next((key for key in keys if key.signs_since is not None), None)
    seen = found.get(record_name(domain, waiting)) if waiting is not None else None
    if waiting is not None and seen is not None and seen.verdict is RecordVerdict.RIGHT:
        if signing is not None:
            signing.retired_at = look.at
            db.session.flush()  # one signs at a time
        waiting.signs_since = look.at
        return seen
    return found.get(record_name(domain, signing)) if signing is not None else None


def _note_second_key(key: DomainKey, seen: DnsFinding | None, now: datetime) -> None:
    """Let the key of Ed25519 sign while the DNS shows it; silence changes nothing."""
    if seen is None or seen.verdict is RecordVerdict.UNKNOWN:
        return
    is_shown = seen.verdict is RecordVerdict.RIGHT
    key.ed25519_seen_at = (key.ed25519_seen_at or now) if is_shown else None


def _end(domain: SendingDomain, now: datetime) -> list[AccountEmail]:
    """The second sure no: mailings leave from the service's address again, and the owner is told."""
    was_used = domain.is_used
    domain.proven_at, domain.is_used, domain.missed_at, domain.ended_at = None, False, None, now
    if not was_used:
        return []
    owner = db.session.get_one(User, domain.owner_id)
    return [outbox.add_for(owner, "domain-ended", domain=domain.name, domain_id=str(domain.id))]


def _pause(domain: SendingDomain, look: DnsLook) -> timedelta:
    if RecordVerdict.UNKNOWN in {finding.verdict for finding in (*look.of(Check.PROOF), *look.of(Check.DKIM))}:
        return SOON
    keys = own_domains.keys_of(domain)
    waits_since = [domain.created_at] if domain.proven_at is None else []
    waits_since += [key.made_at for key in keys if key.signs_since is None]
    if waits_since:
        return SOON if look.at - max(waits_since) < EAGER_FOR else DAILY
    if any(key.ed25519_seen_at is None and look.at - key.made_at < EAGER_FOR for key in keys if not key.retired_at):
        return SOON  # a record that nothing waits for, and that may be on its way
    return DAILY if domain.missed_at is not None else WEEKLY
