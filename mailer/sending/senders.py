"""Who a mailing comes from, as its readers see it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from mailer.composing.sender_name import NAME_LENGTH, fault_of
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.own_address import OwnAddress
from mailer.models.user import User
from mailer.sending import own_domains

BRAND = ("Golub", "Голубь")


@dataclass(frozen=True, slots=True)
class SenderIdentity:
    """Name (may be empty) and address of From, and where answers go."""

    name: str
    address: str
    reply_to: str

    @property
    def line(self) -> str:
        """From as mail programs show it."""
        return f"{self.name} <{self.address}>" if self.name else self.address


def sender_of(owner: User, mailing: Mailing | None = None) -> SenderIdentity:
    """The sender of that mailing, or of the owner's mailings where nothing else was chosen."""
    return sender_as(owner, mailing.sender_name, mailing.reply_to) if mailing is not None else sender_as(owner)


def sender_as(owner: User, name: str = "", reply_to: OwnAddress | None = None) -> SenderIdentity:
    """The sender of a mailing for which this name and reply address are chosen; without, those of the owner."""
    domain = own_domains.used_by(owner.id)
    return SenderIdentity(
        name or own_name(owner),
        domain.address if domain is not None else current_app.config["MAILINGS_FROM"],
        reply_to.email if reply_to is not None else owner.email,
    )


def own_name(owner: User) -> str:
    """The name of the profile, if it may be a sender's. Never an address: `"a@b" <news@c>` is how forgeries look."""
    name = owner.name[:NAME_LENGTH].strip()
    return "" if name_fault(name) else name


def name_fault(name: str) -> str | None:
    """Why this name may not be a sender's (`address`, `service`); None when it may."""
    return fault_of(name, service_names())


def service_names() -> set[str]:
    """What this service is known by."""
    config = current_app.config
    site = urlsplit(config["SITE_URL"]).hostname or ""
    own = {parseaddr(config["MAIL_DEFAULT_SENDER"])[0], site, config["MAILINGS_FROM"].rpartition("@")[2]}
    return {name for name in {*BRAND, *own} if name}


def own_addresses(owner_id: int) -> list[OwnAddress]:
    """The owner's further confirmed addresses, in alphabetical order."""
    return list(
        db.session.scalars(select(OwnAddress).where(OwnAddress.owner_id == owner_id).order_by(OwnAddress.email))
    )


def own_address(owner_id: int, address_id: int | None) -> OwnAddress | None:
    """The owner's address of that id, None for None; 404 for anybody else's."""
    if address_id is None:
        return None
    return db.one_or_404(select(OwnAddress).where(OwnAddress.id == address_id, OwnAddress.owner_id == owner_id))
