"""What a choice of clients means, in one place: the list, saved filters and the audience of a mailing all ask here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, or_
from sqlalchemy.dialects.postgresql import ARRAY

from mailer.models.client import Client, Suppression
from mailer.models.client_text import ClientText
from mailer.searching import digits_of, shortened, stands_in

SUBSCRIBED, UNSUBSCRIBED = "subscribed", "unsubscribed"


def conditions(criteria: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Conditions over `Client` that together hold for the clients chosen; none of them for empty `criteria`.

    Keys, all optional: `search` (see `client_mentions`), `tags_any` (has one of these), `tags_none` (has none of
    these), `birth_year_from` and `birth_year_to` (inclusive; a client without a year is left out), `subscription`
    (`subscribed` or `unsubscribed`). The owner and `deleted_at` are the caller's.
    """
    found = client_mentions(str(criteria.get("search") or ""))
    if tags := criteria.get("tags_any"):
        found.append(_has_any(tags))
    if tags := criteria.get("tags_none"):
        found.append(~_has_any(tags))
    if (year := criteria.get("birth_year_from")) is not None:
        found.append(Client.birth_year >= int(year))
    if (year := criteria.get("birth_year_to")) is not None:
        found.append(Client.birth_year <= int(year))
    if (subscription := criteria.get("subscription")) in (SUBSCRIBED, UNSUBSCRIBED):
        found.append(is_suppressed() if subscription == UNSUBSCRIBED else ~is_suppressed())
    return found


def client_mentions(search: str) -> list[ColumnElement[bool]]:
    """Conditions that together hold for clients in whom each word stands: in names, address, comment or own fields.

    What is written like a telephone number is found however it is written there.
    """
    words = [stands_in(ClientText.words, word) for word in shortened(search).split()]
    if not words:
        return []
    found = and_(*words)
    if (digits := digits_of(search)) is not None:
        found = or_(found, ClientText.numbers.contains(digits))
    theirs = (ClientText.client_id == Client.id, ClientText.owner_id == Client.owner_id)
    return [exists().where(*theirs, found).correlate(Client)]


def is_suppressed() -> ColumnElement[bool]:
    """Whether the owner must not write to this client's address, for whatever reason.

    It looks for itself: a query around it may read suppressions too.
    """
    same = and_(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key)
    return exists().where(same).correlate(Client)


def _has_any(tags: list[str]) -> ColumnElement[bool]:
    return Client.tags.op("&&", is_comparison=True)(cast(tags, ARRAY(String)))
