"""Who gets no mailings of an owner: by the recipient's own decision, or by the owner's; and how either is undone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from string import hexdigits

import structlog
from flask import abort
from flask_babel import gettext as _
from sqlalchemy import BigInteger, ColumnElement, String, cast, delete, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from mailer.clients.merged import former_keys, present_id, with_merged
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal.entries import add_entry
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.former_link import FormerLink
from mailer.models.journal_entry import Action
from mailer.models.run import Run
from mailer.models.user import User
from mailer.readable import readable_address

log = structlog.get_logger()


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
        local, _, domain = readable_address(self.email).rpartition("@")
        return f"{local[:1]}•••@{domain}"


class SenderIsGone(Exception):
    """The link was a real one, and there is nothing left to unsubscribe from."""


def find(token: uuid.UUID, link_code: str = "") -> Subscription:
    """The subscription behind a link, also of a client who was deleted since; 404 for an unknown token.

    Raises SenderIsGone where the client's row went with the owner's account: nobody is left who could write.
    A `link_code` that stood in no mail to this client counts for nothing.
    """
    client = client_of(token)
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


def client_of(token: uuid.UUID) -> Client:
    """The client behind a link, deleted or not, of one merged the person that they are now; 404 for an unknown one,
    SenderIsGone as `find` says."""
    client = _client_of(token)
    if client is None:
        if db.session.get(FormerLink, FormerLink.hash_of(token)) is not None:
            raise SenderIsGone
        abort(404)
    return client


def language_of(token: uuid.UUID) -> str:
    """What the person behind a link reads; empty where nobody knows."""
    client = _client_of(token)
    return client.language if client is not None else ""


def _client_of(token: uuid.UUID) -> Client | None:
    client = db.session.scalar(select(Client).where(Client.token == token))
    if client is not None and client.deleted_at is not None:
        client = db.session.get_one(Client, present_id(client.id))
    return client


def _run_of(client: Client, link_code: str) -> int | None:
    if not set(link_code) <= set(hexdigits):
        return None
    query = (
        select(Run.id)
        .join(Delivery, Delivery.run_id == Run.id)
        .where(Delivery.client_id.in_(with_merged(client.id)))
        .where(cast(Run.token, String).startswith(link_code.lower()))
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
    _unsubscribe_former(subscription)
    db.session.commit()


def _unsubscribe_former(subscription: Subscription) -> None:
    """The addresses of records merged into this person's, too: an import may bring one again. No commit."""
    former = former_keys(subscription.owner_id, subscription.email_key).subquery()
    reason = literal(SuppressionReason.UNSUBSCRIBED.value)
    others = select(literal(subscription.owner_id, BigInteger), former.c.email_key, reason)
    statement = insert(Suppression).from_select(["owner_id", "email_key", "reason"], others, include_defaults=False)
    db.session.execute(statement.on_conflict_do_nothing())


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


class TheirOwnWord(Refusal):
    """Somebody who unsubscribed is only written to again when they say so themselves."""


def suppression_of(client: Client) -> Suppression | None:
    """Why the owner must not write to this client, if so."""
    return db.session.get(Suppression, (client.owner_id, client.email_key))


def suppress(client: Client) -> None:
    """Never write to this address from now on; an earlier reason is kept."""
    no_longer_of_an_import([Client.id == client.id])
    values = {"owner_id": client.owner_id, "email_key": client.email_key, "reason": SuppressionReason.MANUAL}
    db.session.execute(insert(Suppression).values(values).on_conflict_do_nothing())
    db.session.commit()


def no_longer_of_an_import(where: list[ColumnElement[bool]]) -> None:
    """The owner says so, too: undoing the import that said it first changes nothing. No commit."""
    chosen = select(Client.owner_id, Client.email_key).where(*where)
    of_imports = update(Suppression).where(
        Suppression.import_id.is_not(None), tuple_(Suppression.owner_id, Suppression.email_key).in_(chosen)
    )
    db.session.execute(of_imports.values(import_id=None).execution_options(synchronize_session=False))


def lift_suppression(client: Client) -> None:
    """Write to this address again, where that is the owner's to decide.

    Raises `TheirOwnWord` for a person who unsubscribed: the page behind the link of every mail takes that back.
    """
    suppression = suppression_of(client)
    if suppression is None:
        return
    if suppression.reason is SuppressionReason.UNSUBSCRIBED:
        raise TheirOwnWord(_("This person unsubscribed. Only they can undo that, with the link in any of your emails."))
    if suppression.reason is SuppressionReason.COMPLAINED:
        raise TheirOwnWord(_("This person marked an email of yours as spam. Nobody can undo that for them."))
    db.session.delete(suppression)
    add_entry(Action.CHANGED, f"client {client.id}", where="clients.unsuppress", reason=suppression.reason.value)
    db.session.commit()
    log.info("suppression lifted", client_id=client.id, owner_id=client.owner_id, reason=suppression.reason.value)
