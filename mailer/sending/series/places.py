"""When each step of a series has somebody due: one moment in its row, which is all that the tick looks at.

Whoever changes who waits for what locks the series' row first (`hold`) and points its steps in the end (`point`), so
that the moment is never later than the first person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, update

from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.mailing import Mailing
from mailer.models.series import Enrolment, EnrolmentState, LeftReason, Series, SeriesState, SeriesStep
from mailer.models.user import User

GOING = and_(
    Series.state == SeriesState.ACTIVE,
    Series.paused_at.is_(None),
    Series.disabled_at.is_(None),
    Series.deleted_at.is_(None),
)


def active_of(owner_id: int) -> Select[tuple[Series]]:
    """The series of an owner that people can enter, paused ones too."""
    return select(Series).where(
        Series.owner_id == owner_id, Series.state == SeriesState.ACTIVE, Series.deleted_at.is_(None)
    )


def hold(series: Series) -> None:
    """Nobody else enters people into it, takes or moves them until the commit."""
    db.session.flush()  # or what was changed already would be read over
    lock_row(series, FOR_CHANGE)


def point(series: Series) -> None:
    """Let each step of the series say when its first person is due; no commit."""
    db.session.flush()
    first = select(func.min(Enrolment.due_at)).where(Enrolment.step_id == SeriesStep.id, Enrolment.due_at.is_not(None))
    moment = first.scalar_subquery() if series.is_going else None
    db.session.execute(
        update(SeriesStep)
        .where(SeriesStep.series_id == series.id)
        .values(next_due_at=moment)
        .execution_options(synchronize_session=False)
    )


def with_work(now: datetime) -> list[int]:
    """Series in which somebody is due or whose entry rule is to be looked at, the longest waiting first."""
    ids = list(db.session.scalars(work_at(now)))
    db.session.rollback()
    return ids


def work_at(now: datetime) -> Select[tuple[int]]:
    """The question of `with_work`: the tick's whole look, at two partial indexes."""
    due = (
        select(SeriesStep.series_id.label("id"), SeriesStep.next_due_at.label("since"))
        .join(Mailing, Mailing.id == SeriesStep.mailing_id)
        .join(User, User.id == SeriesStep.owner_id)
        .where(SeriesStep.next_due_at.is_not(None), SeriesStep.next_due_at <= now, User.blocked_at.is_(None))
        .where(Mailing.paused_at.is_(None), Mailing.disabled_at.is_(None), Mailing.deleted_at.is_(None))
    )
    look = (
        select(Series.id, Series.next_look_at)
        .join(User, User.id == Series.owner_id)
        .where(Series.next_look_at.is_not(None), Series.next_look_at <= now, User.blocked_at.is_(None), GOING)
    )
    both = due.union_all(look).subquery()
    return select(both.c.id).group_by(both.c.id).order_by(func.min(both.c.since)).limit(1000)


def leave(series: Series, ids: list[int], reason: LeftReason) -> int:
    """Let these enrolments end before the last step; how many did. No commit."""
    return leave_those(series, [Enrolment.id.in_(ids)], reason) if ids else 0


def leave_those(series: Series, who: Sequence[ColumnElement[bool]], reason: LeftReason) -> int:
    """`leave` for everybody on their way through the series who meets these conditions."""
    done = db.session.execute(
        update(Enrolment)
        .where(Enrolment.series_id == series.id, Enrolment.state == EnrolmentState.WAITING, *who)
        .values(state=EnrolmentState.LEFT, left_reason=reason, due_at=None, moved_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def due_people(step_id: int, now: datetime, limit: int) -> Select[tuple[int]]:
    """Ids of the enrolments due in a step, the longest waiting first; the partial index holds just these."""
    return (
        select(Enrolment.id)
        .where(Enrolment.step_id == step_id, Enrolment.due_at.is_not(None), Enrolment.due_at <= now)
        .order_by(Enrolment.due_at, Enrolment.id)
        .limit(limit)
    )


def end_pause(client_id: int, paused_until: datetime) -> None:
    """Make due now what waits for the end of a client's pause, which they ended before; no commit."""
    waits = Enrolment.client_id == client_id, Enrolment.due_at == paused_until
    for series in db.session.scalars(select(Series).join(Enrolment, Enrolment.series_id == Series.id).where(*waits)):
        hold(series)
        db.session.execute(
            update(Enrolment).where(Enrolment.series_id == series.id, *waits).values(due_at=func.now())
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        point(series)
