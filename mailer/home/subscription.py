"""A recipient's own decision: to get an owner's mailings no more, or again."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.user import User


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link's token stands for. `reason` is why nothing is sent, None while mailings are."""

    owner_id: int
    owner_name: str
    email: str
    email_key: str
    reason: SuppressionReason | None

    @property
    def masked_email(self) -> str:
        """Enough to know one's own address by, too little to learn another's: `i•••@пример.рф`."""
        local, _, domain = self.email.rpartition("@")
        with suppress(UnicodeError):  # else shown as it is
            domain = domain.encode("ascii").decode("idna")
        return f"{local[:1]}•••@{domain}"


def find(token: uuid.UUID) -> Subscription:
    """The subscription behind a link, also of a client who was deleted since; 404 for an unknown token."""
    client = db.one_or_404(select(Client).where(Client.token == token))
    owner = db.session.get_one(User, client.owner_id)
    suppression = db.session.get(Suppression, (client.owner_id, client.email_key))
    return Subscription(
        client.owner_id,
        owner.display_name,
        client.email,
        client.email_key,
        suppression.reason if suppression else None,
    )


def unsubscribe(subscription: Subscription) -> None:
    """Never write to this address again on this owner's behalf. The person's word outweighs any other reason."""
    statement = insert(Suppression).values(
        owner_id=subscription.owner_id,
        email_key=subscription.email_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        created_at=utcnow(),
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["owner_id", "email_key"],
            set_={"reason": SuppressionReason.UNSUBSCRIBED},
            where=Suppression.reason != SuppressionReason.UNSUBSCRIBED,
        )
    )
    db.session.commit()


def subscribe_again(subscription: Subscription) -> None:
    """Take back the person's own unsubscription; what the owner or a server decided stays."""
    db.session.execute(
        delete(Suppression).where(
            Suppression.owner_id == subscription.owner_id,
            Suppression.email_key == subscription.email_key,
            Suppression.reason == SuppressionReason.UNSUBSCRIBED,
        )
    )
    db.session.commit()
