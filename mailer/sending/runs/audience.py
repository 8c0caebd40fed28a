"""Who gets a mailing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from mailer.extensions import db
from mailer.models.client import Client, ClientFilter, Suppression, SuppressionReason
from mailer.models.client_criteria import conditions
from mailer.models.mailing import Audience, Mailing, mailing_clients

SUPPRESSED = and_(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key)


def chosen(mailing: Mailing) -> list[ColumnElement[bool]]:
    """Conditions on `Client` that pick the live clients a mailing is meant for, suppressed ones included."""
    return [Client.owner_id == mailing.owner_id, Client.deleted_at.is_(None), *_by_kind(mailing)]


def _by_kind(mailing: Mailing) -> list[ColumnElement[bool]]:
    if mailing.audience is Audience.TAGS:
        return [Client.tags.overlap(mailing.tags)]
    if mailing.audience is Audience.CLIENTS:
        named = select(mailing_clients.c.client_id).where(mailing_clients.c.mailing_id == mailing.id)
        return [Client.id.in_(named)]
    if mailing.audience is Audience.FILTER:
        saved = db.session.get_one(ClientFilter, mailing.filter_id)
        return conditions(saved.criteria)
    return []


def recipients(mailing: Mailing) -> Select[Any]:
    """The clients who would get the mailing now, in a stable order."""
    return not_suppressed(chosen(mailing)).order_by(Client.id)


def not_suppressed(among: list[ColumnElement[bool]]) -> Select[Any]:
    """Those of the chosen whom nobody asked not to write to."""
    return select(Client).where(*among, ~select(Suppression).where(SUPPRESSED).exists())


@dataclass(frozen=True, slots=True)
class AudienceSummary:
    """How many are chosen, how many of them will get it, and why the others will not."""

    total: int
    unsubscribed: int
    suppressed: int

    @property
    def will_get(self) -> int:
        """Chosen and not left out."""
        return self.total - self.unsubscribed - self.suppressed


def summary(mailing: Mailing) -> AudienceSummary:
    """The figures of a mailing's audience as things stand now."""
    return summary_of(chosen(mailing))


def summary_of(among: list[ColumnElement[bool]]) -> AudienceSummary:
    """The figures of the clients who meet these conditions."""
    unsubscribed = Suppression.reason == SuppressionReason.UNSUBSCRIBED
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(unsubscribed),
            func.count().filter(~unsubscribed),
        )
        .select_from(Client)
        .outerjoin(Suppression, SUPPRESSED)
        .where(*among)
    ).one()
    return AudienceSummary(*row)
