"""Runs that should exist and do not: the calendar compared with what was run, whatever made the difference.

In order, this never finds anything: the tick moves a mailing on in the transaction that makes its run. It is there for
rows changed by hand, for faults of ours, and for mailings that lost their next moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_, or_, select

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.recurrence.moments import Moment, latest_moment
from mailer.sending.runs.next_run import has_open_run, next_promised, point_at, promised_at

log = structlog.get_logger()
GRACE = timedelta(minutes=2)  # the tick's own
BATCH = 1000


def make_good(after_id: int, now: datetime, limit: int = BATCH) -> tuple[int, list[int]]:
    """Look at the next `limit` mailings after `after_id`, and point those that miss a run at its moment again; the
    tick then runs or skips it by the mailing's rule. The id to go on after (0: all are done), and the ids made good."""
    query = (
        select(Mailing)
        .where(
            Mailing.id > after_id,
            Mailing.deleted_at.is_(None),
            Mailing.completed_at.is_(None),
            Mailing.calendar_since.is_not(None),
        )
        .order_by(Mailing.id)
        .limit(limit)
    )
    mailings = list(db.session.scalars(query))
    found = [mailing.id for mailing in mailings if missing_moment(mailing, now) is not None]
    last_id = mailings[-1].id if len(mailings) == limit else 0
    db.session.rollback()
    return last_id, [id_ for id_ in found if _make_good(id_, now)]


def missing_moment(mailing: Mailing, now: datetime) -> Moment | None:
    """The moment that the mailing should be pointed at; None when all is as it should be.

    That is the last promised one, when neither it nor any after it has a run and the mailing waits for a later one; or
    the next one, when the mailing waits for none.
    """
    since, next_at = mailing.calendar_since, promised_at(mailing)
    latest = latest_moment(mailing.rule, now - GRACE)
    if latest is not None and since is not None and latest.at >= since and (next_at is None or next_at > latest.at):
        is_later = and_(Run.planned_at >= latest.at, Run.occurrence.not_like("manual:%"))
        later = select(Run.id).where(Run.mailing_id == mailing.id, or_(is_later, Run.occurrence == latest.occurrence))
        if db.session.scalar(later.limit(1)) is None:
            return latest
    if next_at is None and not has_open_run(mailing):
        return next_promised(mailing.rule, now, mailing.id)
    return None


def _make_good(mailing_id: int, now: datetime) -> bool:
    mailing = db.session.scalar(
        select(Mailing).where(Mailing.id == mailing_id).with_for_update(**FOR_CHANGE, skip_locked=True)
    )
    moment = missing_moment(mailing, now) if mailing is not None and mailing.completed_at is None else None
    if mailing is None or moment is None:
        db.session.rollback()
        return False
    log.warning("a run was missing", mailing=mailing_id, moment=moment.occurrence)
    point_at(mailing, moment)
    db.session.commit()
    return True
