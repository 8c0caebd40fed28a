"""Segments in use that cannot be used any more: nothing is sent by them, and their owner is told once, by mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select

from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import ClientFilter
from mailer.models.mailing import Mailing
from mailer.models.series import Series
from mailer.models.user import User
from mailer.sending.runs.audience import are_broken
from mailer.sending.series.places import GOING

NAMED = 5


def tell_owners(now: datetime) -> int:
    """Look at every segment that a mailing or a series waits to use; how many mails. Commits."""
    mails = [mail for owner_id, uses in _uses().items() for mail in _look(owner_id, uses, now)]
    db.session.commit()
    outbox.wake(*mails)
    return len(mails)


def _uses() -> dict[int, dict[int, list[str]]]:
    """By owner and segment: what waits to use it."""
    found: dict[int, dict[int, list[str]]] = {}
    mailings = select(Mailing).where(Mailing.next_run_at.is_not(None), Mailing.deleted_at.is_(None))
    named = or_(
        func.cardinality(Mailing.segment_ids) > 0,
        func.cardinality(Mailing.left_out_ids) > 0,
        Mailing.filter_id.is_not(None),
    )
    for mailing in db.session.scalars(mailings.where(Mailing.completed_at.is_(None), named)):
        for id_ in {*mailing.chosen_segment_ids, *(mailing.left_out_ids or [])}:
            found.setdefault(mailing.owner_id, {}).setdefault(id_, []).append(mailing.name)
    for series in db.session.scalars(select(Series).where(Series.entry_segment_id.is_not(None), GOING)):
        found.setdefault(series.owner_id, {}).setdefault(int(series.entry_segment_id or 0), []).append(series.name)
    return found


def _look(owner_id: int, uses: Mapping[int, list[str]], now: datetime) -> list[AccountEmail]:
    broken = set(are_broken(owner_id, sorted(uses)))
    mails = []
    query = select(ClientFilter).where(ClientFilter.owner_id == owner_id, ClientFilter.id.in_(uses))
    for segment in db.session.scalars(query.order_by(ClientFilter.id)):
        if segment.id not in broken:
            segment.broken_at = None
        elif segment.broken_at is None:
            segment.broken_at = now
            users = ", ".join(f"“{name}”" for name in uses[segment.id][:NAMED])
            owner, id_ = db.session.get_one(User, owner_id), str(segment.id)
            mails.append(outbox.add_for(owner, "segment-broken", name=segment.name, users=users, segment_id=id_))
    return mails
