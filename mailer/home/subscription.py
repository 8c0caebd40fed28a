"""A recipient's own decision: to get an owner's mailings no more, or again."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from string import hexdigits

from flask import abort
from sqlalchemy import String, cast, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.former_link import FormerLink
from mailer.models.run import Run
from mailer.models.user import User


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link's token stands for. `reason` is why nothing is sent, None while mailings are."""

    owner_id: int
    owner_name: str
    email: str
    email_key: str
    reason: SuppressionReason | None
    run_id: int | None = None  # the run whose mail the link stood in
    is_over: bool = False  # the owner's account is deleted, and its rows will be in a moment

    @property
    def masked_email(self) -> str:
        """Enough to know one's own address by, too little to learn another's: `i•••@пример.рф`."""
        local, _, domain = self.email.rpartition("@")
        with suppress(UnicodeError):  # else shown as it is
            domain = domain.encode("ascii").decode("idna")
        return f"{local[:1]}•••@{domain}"


class SenderIsGone(Exception):
    """The link was a real one, and there is nothing left to unsubscribe from."""


def find(token: uuid.UUID, link_code: str = "") -> Subscription:
    """The subscription behind a link, also of a client who was deleted since; 404 for an unknown token.

    Raises SenderIsGone where the client's row went with the owner's account: nobody is left who could write.
    A `link_code` that stood in no mail to this client counts for nothing.
    """
    client = db.session.scalar(select(Client).where(Client.token == token))
    if client is None:
        if db.session.get(FormerLink, FormerLink.hash_of(token)) is not None:
            raise SenderIsGone
        abort(404)
    owner = db.session.get_one(User, client.owner_id)
    suppression = db.session.get(Suppression, (client.owner_id, client.email_key))
    return Subscription(
        client.owner_id,
        owner.display_name,
        client.email,
        client.email_key,
        suppression.reason if suppression else None,
        _run_of(client, link_code) if link_code else None,
        owner.erased_at is not None,
    )


def _run_of(client: Client, link_code: str) -> int | None:
    if not set(link_code) <= set(hexdigits):
        return None
    query = (
        select(Run.id)
        .join(Delivery, Delivery.run_id == Run.id)
        .where(Delivery.client_id == client.id, cast(Run.token, String).startswith(link_code.lower()))
    )
    return db.session.scalar(query.order_by(Run.id.desc()).limit(1))


def unsubscribe(subscription: Subscription) -> None:
    """Never write to this address again on this owner's behalf. The person's word outweighs any other reason.

    Who was subscribed until now is counted with the run whose link it was.
    """
    statement = insert(Suppression).values(
        owner_id=subscription.owner_id,
        email_key=subscription.email_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        created_at=utcnow(),
        run_id=subscription.run_id,
    )
    changed = db.session.scalar(
        statement.on_conflict_do_update(
            index_elements=["owner_id", "email_key"],
            set_={"reason": SuppressionReason.UNSUBSCRIBED, "run_id": subscription.run_id},
            where=Suppression.reason != SuppressionReason.UNSUBSCRIBED,
        ).returning(Suppression.run_id)
    )
    _count(changed, 1)
    of_import = update(Suppression).where(
        Suppression.owner_id == subscription.owner_id,
        Suppression.email_key == subscription.email_key,
        Suppression.import_id.is_not(None),
    )  # a file may have said so before: from now on it is the person's own word, which no undoing takes back
    db.session.execute(of_import.values(import_id=None).execution_options(synchronize_session=False))
    db.session.commit()


def subscribe_again(subscription: Subscription) -> None:
    """Take back the person's own unsubscription; what the owner or a server decided stays."""
    run_id = db.session.scalar(
        delete(Suppression)
        .where(
            Suppression.owner_id == subscription.owner_id,
            Suppression.email_key == subscription.email_key,
            Suppression.reason == SuppressionReason.UNSUBSCRIBED,
        )
        .returning(Suppression.run_id)
    )
    _count(run_id, -1)
    db.session.commit()


def _count(run_id: int | None, change: int) -> None:
    """The figure stands on the run: no page counts suppressions."""
    if run_id is not None:
        db.session.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(unsubscribed_count=Run.unsubscribed_count + change)
            .execution_options(synchronize_session=False)
        )
