"""Addresses that an owner's mailings leave out: set by hand, lifted with care."""

from __future__ import annotations

import structlog
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from mailer.clients.address import normalise
from mailer.clients.refused import ValueRefused
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason

log = structlog.get_logger()


class NotConfirmed(Refusal):
    """Somebody who unsubscribed may only be written to again after an explicit confirmation."""


def suppression_of(client: Client) -> Suppression | None:
    """Why the owner must not write to this client, if so."""
    return db.session.get(Suppression, (client.owner_id, client.email_key))


def suppress(client: Client) -> None:
    """Never write to this address from now on; an earlier reason is kept."""
    values = {"owner_id": client.owner_id, "email_key": client.email_key, "reason": SuppressionReason.MANUAL}
    db.session.execute(insert(Suppression).values(values).on_conflict_do_nothing())
    db.session.commit()


def lift_suppression(client: Client, confirmation: str) -> None:
    """Write to this address again.

    For a person who unsubscribed themselves, `confirmation` must be their address typed out, else `NotConfirmed`.
    """
    suppression = suppression_of(client)
    if suppression is None:
        return
    if suppression.reason is SuppressionReason.UNSUBSCRIBED and not _names(client, confirmation):
        raise NotConfirmed(_("This person unsubscribed. Type their address to confirm that they asked to come back."))
    db.session.delete(suppression)
    db.session.commit()
    log.info("suppression lifted", client_id=client.id, owner_id=client.owner_id, reason=suppression.reason.value)


def _names(client: Client, typed: str) -> bool:
    try:
        return normalise(typed).key == client.email_key
    except ValueRefused:
        return False
