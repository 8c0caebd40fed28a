"""Who gets a mailing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, not_, or_, select, true

from mailer.client_counts import client_count
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.series import Enrolment, EnrolmentState, SeriesStep
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.leaves import leaves
from mailer.segments.scope import ConditionRefused, ConditionScope, scope_of
from mailer.sending.runs.confirmed_only import is_required, is_unconfirmed, may_be_written_to

IS_PAUSED = and_(Client.paused_until.is_not(None), Client.paused_until > func.now())
SUPPRESSED = and_(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key)


def chosen(mailing: Mailing, today: date | None = None) -> list[ColumnElement[bool]]:
    """Conditions on `Client` that pick the live clients a mailing is meant for, suppressed ones included.

    Dates relative to today are those of `today`, in the owner's zone. Nobody is chosen by a segment that cannot be
    used, nor while one that is to be left out cannot.
    """
    return [
        Client.owner_id == mailing.owner_id,
        Client.deleted_at.is_(None),
        *_by_kind(mailing),
        *by_segments(mailing.owner_id, mailing.chosen_segment_ids, mailing.left_out_ids or [], today),
    ]


def _by_kind(mailing: Mailing) -> list[ColumnElement[bool]]:
    if mailing.audience is Audience.TAGS:
        return [Client.tags.overlap(mailing.tags)]
    if mailing.audience is Audience.CLIENTS:
        named = select(mailing_clients.c.client_id).where(mailing_clients.c.mailing_id == mailing.id)
        return [Client.id.in_(named)]
    if mailing.audience is Audience.SERIES:
        return [Client.id.in_(_in_series(mailing))]
    return [] if mailing.audience is Audience.EVERYONE or mailing.chosen_segment_ids else [false()]


def _in_series(mailing: Mailing) -> Select[Any]:
    """Everybody on their way through the series that the mailing is a step of."""
    of_step = select(SeriesStep.series_id).where(SeriesStep.mailing_id == mailing.id)
    waiting = Enrolment.state == EnrolmentState.WAITING
    return select(Enrolment.client_id).where(Enrolment.series_id.in_(of_step), waiting)


def by_segments(
    owner_id: int, segment_ids: Sequence[int], left_out_ids: Sequence[int], today: date | None = None
) -> list[ColumnElement[bool]]:
    """Conditions for the people of any of these segments, and of none of those."""
    if not (segment_ids or left_out_ids):
        return []
    scope = scope_of(db.session.get_one(User, owner_id), today)
    try:
        taken = [_segment(id_, scope) for id_ in segment_ids]
        left_out = [_segment(id_, scope, is_left_out=True) for id_ in left_out_ids]
    except ConditionRefused:
        return [false()]
    return ([or_(*taken)] if taken else []) + [not_(one) for one in left_out]


def broken_segments(mailing: Mailing) -> list[int]:
    """The ids of the mailing's segments that cannot be used: gone, or naming what is gone."""
    return are_broken(mailing.owner_id, [*mailing.chosen_segment_ids, *(mailing.left_out_ids or [])])


def are_broken(owner_id: int, ids: Sequence[int]) -> list[int]:
    """Those of these segments that cannot be used."""
    if not ids:
        return []
    scope, broken = scope_of(db.session.get_one(User, owner_id)), []
    for id_ in ids:
        try:
            _segment(id_, scope)
        except ConditionRefused:
            broken.append(id_)
    return broken


def _segment(id_: int, scope: ConditionScope, *, is_left_out: bool = False) -> ColumnElement[bool]:
    segment = scope.segments.get(id_)
    if segment is None:
        raise ConditionRefused("", "unknown_segment")
    return condition_of(segment.tree, scope, id_, is_negated=is_left_out)


def trees_of(mailing: Mailing) -> list[list[Any]]:
    """What the segments of a mailing say, those within them too: those taken, and those left out."""
    if not (mailing.chosen_segment_ids or mailing.left_out_ids):
        return []
    segments = scope_of(db.session.get_one(User, mailing.owner_id)).segments

    def told(ids: Sequence[int], deep: int = 0) -> list[Any]:
        found = [segments[id_] for id_ in ids if id_ in segments]
        inner = [id_ for one in found for id_ in within(one.tree)]
        return [one.tree for one in found] + (told(inner, deep + 1) if inner and deep < 6 else [])

    return [told(mailing.chosen_segment_ids), told(mailing.left_out_ids or [])]


def within(tree: Any) -> list[int]:
    """The ids of the segments that a tree names."""
    return [leaf["value"] for leaf in leaves(tree, "segment")]


def recipients(mailing: Mailing) -> Select[Any]:
    """The clients who would get the mailing now, in a stable order."""
    return not_suppressed(chosen(mailing), mailing.owner_id).order_by(Client.id)


def not_suppressed(among: list[ColumnElement[bool]], owner_id: int) -> Select[Any]:
    """Those of the owner's chosen whom nobody asked not to write to, who have not paused, and who confirmed where that
    is asked for."""
    may_be = [~select(Suppression).where(SUPPRESSED).exists(), not_(IS_PAUSED), *may_be_written_to(owner_id)]
    return select(Client).where(*among, *may_be)


@dataclass(frozen=True, slots=True)
class AudienceSummary:
    """How many are chosen, how many of them will get it, and why the others will not."""

    total: int
    unsubscribed: int
    suppressed: int
    paused: int = 0
    unconfirmed: int = 0

    @property
    def will_get(self) -> int:
        """Chosen and not left out."""
        return self.total - self.unsubscribed - self.suppressed - self.paused - self.unconfirmed


def summary(mailing: Mailing, today: date | None = None) -> AudienceSummary:
    """The figures of a mailing's audience as things stand now."""
    return summary_of(chosen(mailing, today), mailing.owner_id)


def shown_summary(mailing: Mailing) -> AudienceSummary:
    """`summary` for pages: where everybody is meant it reads no list but those of people who are left out."""
    is_narrowed = mailing.chosen_segment_ids or mailing.left_out_ids
    if mailing.audience is not Audience.EVERYONE or is_narrowed or is_required(mailing.owner_id):
        return summary(mailing)
    live = (Client.owner_id == mailing.owner_id, Client.deleted_at.is_(None))
    # One look at an index for each address not written to: as a plain join PostgreSQL would read the whole list.
    theirs = select(Client.id).where(SUPPRESSED, *live).limit(1).correlate(Suppression).lateral()
    reasons = select(Suppression.reason, func.count()).select_from(Suppression).join(theirs, true())
    reasons = reasons.where(Suppression.owner_id == mailing.owner_id).group_by(Suppression.reason)
    left_out = dict(db.session.execute(reasons).tuples().all())
    unsubscribed = left_out.pop(SuppressionReason.UNSUBSCRIBED, 0)
    is_left_out = select(Suppression).where(SUPPRESSED).exists()
    paused = db.session.scalar(select(func.count()).select_from(Client).where(*live, IS_PAUSED, ~is_left_out)) or 0
    return AudienceSummary(client_count(mailing.owner_id), unsubscribed, sum(left_out.values()), paused)


def summary_of(among: list[ColumnElement[bool]], owner_id: int) -> AudienceSummary:
    """The figures of the owner's clients who meet these conditions."""
    others = Suppression.reason.is_(None), not_(func.coalesce(IS_PAUSED, False))
    unconfirmed = func.count().filter(*others, is_unconfirmed()) if is_required(owner_id) else literal(0)
    unsubscribed = Suppression.reason == SuppressionReason.UNSUBSCRIBED
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(unsubscribed),
            func.count().filter(~unsubscribed),
            func.count().filter(Suppression.reason.is_(None), IS_PAUSED),
            unconfirmed,
        )
        .select_from(Client)
        .outerjoin(Suppression, SUPPRESSED)
        .where(*among)
    ).one()
    return AudienceSummary(*row)
