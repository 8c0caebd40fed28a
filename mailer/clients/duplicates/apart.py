"""Which clients are which: groups that are several people, and records that are another one now."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clients.duplicates.side_by_side import IN_WORDS
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.client import Client
from mailer.models.client_merge import MOST_APART, ClientMerge, ClientsApart
from mailer.models.user import User

MOST = 100  # merged records shown


def keep_apart(owner: User, clients: Sequence[Client]) -> None:
    """Propose these clients together no more; Refusal beyond the limit."""
    db.session.execute(waiting_for(f"clients apart of {owner.id}"))
    count = db.session.scalar(select(func.count()).where(ClientsApart.owner_id == owner.id)) or 0
    if count >= MOST_APART:
        db.session.rollback()
        raise Refusal(_("Too many groups are already marked as different people."))
    said = insert(ClientsApart).values(owner_id=owner.id, client_ids=sorted(client.id for client in clients))
    db.session.execute(said.on_conflict_do_nothing())
    db.session.commit()


def propose_again(owner: User, clients: Sequence[Client]) -> None:
    """Take `keep_apart` back."""
    ids = sorted(client.id for client in clients)
    for row in db.session.scalars(select(ClientsApart).filter_by(owner_id=owner.id, client_ids=ids)):
        db.session.delete(row)
    db.session.commit()


def merged_into(client: Client) -> Sequence[Row[tuple[ClientMerge, Client]]]:
    """What was merged into the client, each with the record as it was, the latest first."""
    query = select(ClientMerge, Client).join(Client, Client.id == ClientMerge.merged_id)
    query = query.where(ClientMerge.client_id == client.id, ClientMerge.owner_id == client.owner_id)
    return db.session.execute(query.order_by(ClientMerge.id.desc()).limit(MOST)).all()


def former_values(merged: ClientMerge) -> list[str]:
    """What gave way, as people write it."""
    found = {name: IN_WORDS[name](value) if name in IN_WORDS else value for name, value in merged.former.items()}
    return [str(value) for value in found.values() if value]
