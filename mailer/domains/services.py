"""What an owner does with domains of their own."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from mailer.composing.headers import HeaderError, ascii_address
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.sending_domain import LONGEST_DOMAIN, MOST_DOMAINS, UNIQUE_DOMAIN, DomainKey, SendingDomain
from mailer.models.user import User
from mailer.queue import LOOK_AT_DOMAIN, enqueue
from mailer.sending import own_domains

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


class DomainRefused(Refusal):
    """A domain cannot be as it was asked for."""


def read_name(typed: str) -> str:
    """A domain in ASCII out of what people type: `Пример.рф`, `https://example.org/`, `anna@example.org`.

    Raises DomainRefused.
    """
    text = typed.strip().rstrip("/.")
    if "://" in text:
        text = text.partition("://")[2].partition("/")[0].partition(":")[0]
    text = text.rpartition("@")[2].removeprefix("*.")
    try:
        name = ascii_address(f"x@{text}").rpartition("@")[2].lower().rstrip(".")
    except HeaderError:
        raise DomainRefused(_("This is not a domain, such as example.org.")) from None
    labels = name.split(".")
    is_name = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    if not is_name or len(name) > LONGEST_DOMAIN:
        raise DomainRefused(_("This is not a domain, such as example.org."))
    if name in _own_names():
        raise DomainRefused(_("This domain is the service’s own: mailings leave from it anyway."))
    return name


def _own_names() -> set[str]:
    sender = ascii_address(current_app.config["MAILINGS_FROM"]).rpartition("@")[2].lower()
    return {sender, urlsplit(current_app.config["SITE_URL"]).hostname or sender}


def add_domain(owner: User, typed: str) -> SendingDomain:
    """Begin with a domain: its key is made by a job. Raises DomainRefused for no domain, one that is there, and one too
    many."""
    name = read_name(typed)
    db.session.execute(select(User.id).where(User.id == owner.id).with_for_update(**FOR_CHANGE))
    count = db.session.scalar(select(func.count()).where(SendingDomain.owner_id == owner.id)) or 0
    if count >= MOST_DOMAINS:
        db.session.rollback()
        raise DomainRefused(
            _(
                "You already have %(count)s domains, the most one account can have. Remove one first.",
                count=MOST_DOMAINS,
            )
        )
    domain = SendingDomain(owner_id=owner.id, name=name)
    with refused_by(UNIQUE_DOMAIN, DomainRefused(_("This domain is on your list already."))):
        db.session.add(domain)
        db.session.commit()
    enqueue(LOOK_AT_DOMAIN, domain.id)
    return domain


def why_not_usable(domain: SendingDomain) -> str | None:
    """What is still missing before mailings may leave from it; None when nothing is."""
    if domain.proven_at is None:
        return _("The domain is not verified yet.")
    if not any(key.signs_since and not key.retired_at for key in own_domains.keys_of(domain)):
        return _("The DNS does not show the key yet: emails would be taken for forgeries.")
    return None


def use_domain(domain: SendingDomain, local_part: str) -> None:
    """Let the owner's mailings leave from `local_part` at the domain. Raises DomainRefused."""
    db.session.execute(select(User.id).where(User.id == domain.owner_id).with_for_update(**FOR_CHANGE))
    lock_row(domain, FOR_CHANGE)
    if reason := why_not_usable(domain):
        db.session.rollback()
        raise DomainRefused(reason)
    others = (SendingDomain.owner_id == domain.owner_id, SendingDomain.id != domain.id)
    db.session.execute(update(SendingDomain).where(*others, SendingDomain.is_used).values(is_used=False))
    domain.local_part, domain.is_used = local_part, True
    db.session.commit()


def leave_domain(domain: SendingDomain) -> None:
    """Mailings leave from the service's address again."""
    domain.is_used = False
    db.session.commit()


def rotate_key(domain: SendingDomain) -> None:
    """Have a job make another key; the one that signs goes on until the DNS shows the new one. Raises DomainRefused."""
    lock_row(domain, FOR_CHANGE)
    waiting = select(DomainKey.id).where(DomainKey.domain_id == domain.id, DomainKey.signs_since.is_(None))
    if domain.wants_key or db.session.scalar(waiting.limit(1)) is not None:
        db.session.rollback()
        raise DomainRefused(_("A new key is already waiting for its record."))
    domain.wants_key = True
    db.session.commit()
    enqueue(LOOK_AT_DOMAIN, domain.id)


def delete_domain(domain: SendingDomain) -> None:
    """Forget the domain and its keys."""
    db.session.delete(domain)
    db.session.commit()
