"""Further addresses of a person: for answers to mailings and for test mails."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from mailer.account_mail import outbox
from mailer.auth import tokens
from mailer.auth.refusals import EmailTaken, TooManyAddresses
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.models.account_email import Allowance
from mailer.models.account_token import TokenPurpose
from mailer.models.mailing import Mailing
from mailer.models.own_address import OwnAddress
from mailer.models.user import User

MAX_ADDRESSES = 10


class AddressInUse(EmailTaken):
    """A mailing still has its answers sent there."""


def ask_own_address(user: User, email: str) -> None:
    """Mail a link to the address; it is the person's once the link is followed.

    Raises `EmailTaken` for one they have already and `TooManyAddresses`. Somebody who has had enough of our mails
    gets none, and the asker learns nothing of it.
    """
    now = utcnow()
    own = [row.lower() for row in db.session.scalars(select(OwnAddress.email).where(OwnAddress.owner_id == user.id))]
    if email.lower() in {user.email.lower(), *own}:
        raise EmailTaken(_("This is your address already."))
    if len(own) >= MAX_ADDRESSES:
        raise TooManyAddresses(
            _(
                "You already have %(count)s addresses, the most one account can have. Remove one first.",
                count=MAX_ADDRESSES,
            )
        )
    if outbox.too_many_mails_to(email, Allowance.NEW_ADDRESS, now):
        row = outbox.add_dummy(user.language)
    else:
        secret = tokens.issue(user, TokenPurpose.CONFIRM_OWN_ADDRESS, email, now)
        link = absolute_url("auth.confirm_own_address", token=secret)
        row = outbox.add(
            "confirm-own-address", email, user.language, user, Allowance.NEW_ADDRESS, link=link, account=user.email
        )
    db.session.commit()
    outbox.wake(row)


def confirm_own_address(secret: str) -> OwnAddress:
    """Add the address that the link was sent to; the same one twice is there once. Raises `tokens.BadToken`."""
    token = tokens.spend(secret, TokenPurpose.CONFIRM_OWN_ADDRESS, utcnow())
    db.session.execute(
        insert(OwnAddress)
        .values(owner_id=token.user_id, email=token.email, confirmed_at=utcnow())
        .on_conflict_do_nothing()
    )
    db.session.commit()
    same = (OwnAddress.owner_id == token.user_id, func.lower(OwnAddress.email) == token.email.lower())
    return db.session.scalars(select(OwnAddress).where(*same)).one()


def remove_own_address(address: OwnAddress) -> None:
    """Forget the address; AddressInUse names the mailings whose answers go there."""
    used = (Mailing.reply_to_id == address.id, Mailing.deleted_at.is_(None))
    names = list(db.session.scalars(select(Mailing.name).where(*used).order_by(Mailing.name).limit(10)))
    if names:
        listed = ", ".join(f"“{name}”" for name in names)
        raise AddressInUse(
            _("Replies to these mailings go to this address: %(names)s. Change them first.", names=listed)
        )
    for deleted in db.session.scalars(select(Mailing).where(Mailing.reply_to_id == address.id)):
        deleted.reply_to_id = None
    db.session.flush()
    db.session.delete(address)
    db.session.commit()
