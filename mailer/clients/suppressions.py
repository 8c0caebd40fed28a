"""Addresses that an owner's mailings leave out: set by hand, lifted with care."""

from __future__ import annotations

import structlog
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason

log = structlog.get_logger()


class TheirOwnWord(Refusal):
    """Somebody who unsubscribed is only written to again when they say so themselves."""


def suppression_of(client: Client) -> Suppression | None:
    """Why the owner must not write to this client, if so."""
    return db.session.get(Suppression, (client.owner_id, client.email_key))


def suppress(client: Client) -> None:
    """Never write to this address from now on; an earlier reason is kept."""
    _no_longer_of_an_import([Client.id == client.id])
    values = {"owner_id": client.owner_id, "email_key": client.email_key, "reason": SuppressionReason.MANUAL}
    db.session.execute(insert(Suppression).values(values).on_conflict_do_nothing())
    db.session.commit()


def suppress_all(where: list[ColumnElement[bool]]) -> int:
    """Never write to the clients that `where` chooses; to how many addresses mailings went until now."""
    chosen = select(Client.owner_id, Client.email_key, literal(SuppressionReason.MANUAL.value)).where(*where)
    _no_longer_of_an_import(where)
    statement = insert(Suppression).from_select(["owner_id", "email_key", "reason"], chosen, include_defaults=False)
    count = db.session.execute(statement.on_conflict_do_nothing()).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _no_longer_of_an_import(where: list[ColumnElement[bool]]) -> None:
    """The owner says so, too: undoing the import that said it first changes nothing. No commit."""
    chosen = select(Client.owner_id, Client.email_key).where(*where)
    of_imports = update(Suppression).where(
        Suppression.import_id.is_not(None), tuple_(Suppression.owner_id, Suppression.email_key).in_(chosen)
    )
    db.session.execute(of_imports.values(import_id=None).execution_options(synchronize_session=False))


def lift_all(where: list[ColumnElement[bool]]) -> int:
    """Undo `suppress_all`: only what an owner decided, never a person's own word or a bad address; how many."""
    chosen = select(Client.owner_id, Client.email_key).where(*where)
    lifted = (
        delete(Suppression)
        .where(
            Suppression.reason == SuppressionReason.MANUAL,
            tuple_(Suppression.owner_id, Suppression.email_key).in_(chosen),
        )
        .execution_options(synchronize_session=False)
    )
    count = int(db.session.execute(lifted).rowcount)  # type: ignore[attr-defined]
    db.session.commit()
    log.info("suppressions lifted", count=count)
    return count


def lift_suppression(client: Client) -> None:
    """Write to this address again, where that is the owner's to decide.

    Raises `TheirOwnWord` for a person who unsubscribed: the page behind the link of every mail takes that back.
    """
    suppression = suppression_of(client)
    if suppression is None:
        return
    if suppression.reason is SuppressionReason.UNSUBSCRIBED:
        raise TheirOwnWord(
            _("This person unsubscribed. Only they can take that back, by the link in any of your emails.")
        )
    db.session.delete(suppression)
    db.session.commit()
    log.info("suppression lifted", client_id=client.id, owner_id=client.owner_id, reason=suppression.reason.value)
