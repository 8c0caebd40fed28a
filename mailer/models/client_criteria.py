"""What a choice of clients means, in one place: the list, saved filters and the audience of a mailing all ask here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from mailer.models.client import Client, Suppression
from mailer.searching import mentions

SUBSCRIBED, UNSUBSCRIBED = "subscribed", "unsubscribed"
SEARCHED: tuple[InstrumentedAttribute[str], ...] = (
    Client.last_name,
    Client.first_name,
    Client.patronymic,
    Client.email,
    Client.comment,
)


def conditions(criteria: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Conditions over `Client` that together hold for the clients chosen; none of them for empty `criteria`.

    Keys, all optional: `search` (every word stands somewhere in the names, the address or the comment, in any case),
    `tags_any` (has one of these), `tags_none` (has none of these), `birth_year_from` and `birth_year_to` (inclusive; a
    client without a year is left out), `subscription` (`subscribed` or `unsubscribed`). The owner and `deleted_at`
    are the caller's.
    """
    found = mentions(str(criteria.get("search") or ""), SEARCHED)
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


def is_suppressed() -> ColumnElement[bool]:
    """Whether the owner must not write to this client's address, for whatever reason."""
    return exists().where(and_(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key))


def _has_any(tags: list[str]) -> ColumnElement[bool]:
    return Client.tags.op("&&", is_comparison=True)(cast(tags, ARRAY(String)))
