"""The pages of the list of clients, quick whatever its length: docs/performance.md tells which index serves which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, true

from mailer.client_counts import client_count
from mailer.clients.choice import Choice
from mailer.clients.queries import PER_PAGE, chosen, order_of, owner_asked
from mailer.extensions import db
from mailer.long_pages import LongPage
from mailer.models.client import Client
from mailer.models.user import User


def page_of_clients(choice: Choice, user: User) -> LongPage:
    """One page of the list, 50 rows; 404 for a page that is not there."""
    order, backwards = order_of(choice, user)
    owner_id, where = owner_asked(choice, user), chosen(choice, user)
    return LongPage(
        per_page=PER_PAGE,
        ids=select(Client.id).where(*where),
        order=order,
        backwards=backwards,
        first_of=None if owner_id is not None or choice.is_narrowed else _first_of_each,
        length=_kept_length(choice, owner_id),
        load=_read,
    )


def _first_of_each(order: Sequence[Any], count: int) -> Select[Any]:
    """The clients among whom are everybody's first so many: indexes begin with the owner, and give each one's first."""
    own = select(Client.id).where(Client.owner_id == User.id, Client.deleted_at.is_(None))
    first = own.order_by(*order).limit(count).correlate(User).lateral("first_ones")
    return select(Client.id).select_from(User).join(first, true()).join(Client, Client.id == first.c.id)


def _kept_length(choice: Choice, owner_id: int | None) -> int | None:
    """How many clients are chosen, where that is a number that is kept: everybody, or those with one tag."""
    if not choice.is_narrowed:
        return client_count(owner_id)
    tags = choice.criteria.get("tags_any", [])
    is_one_tag = choice.filter_id is None and set(choice.criteria) == {"tags_any"} and len(tags) == 1
    return client_count(owner_id, tags[0]) if is_one_tag else None


def _read(ids: Sequence[int]) -> list[Client]:
    found = {client.id: client for client in db.session.scalars(select(Client).where(Client.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]
