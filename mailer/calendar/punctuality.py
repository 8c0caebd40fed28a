"""How late runs began: planned and real starts, by day and one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import contains_eager

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.owner_filter import Whose
from mailer.periods import day_number

DAYS = 30
SHOWN = 50
DUE_AT = func.coalesce(Run.due_at, Run.planned_at)
LATE_BY = cast(func.extract("epoch", Run.started_at - DUE_AT), Float)
IS_SCHEDULED = Run.occurrence.not_like("manual:%")


@dataclass(frozen=True, slots=True)
class DayOfRuns:
    """One day: how many runs began, the median and the greatest lateness in seconds, how many were missed."""

    day: date
    started_count: int
    median: float
    most: float
    missed_count: int


def lateness_by_day(whose: Whose, now: datetime, zone: str) -> list[DayOfRuns]:
    """The last `DAYS` days of the reader's zone, each, in order."""
    first = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=DAYS - 1)
    day = day_number(DUE_AT, first, DAYS, zone).label("day")
    began = Run.started_at.is_not(None)
    query = (
        select(
            day,
            func.count().filter(began).label("started"),
            func.percentile_cont(0.5).within_group(LATE_BY).filter(began).label("median"),
            func.max(LATE_BY).filter(began).label("most"),
            func.count().filter(Run.stop_reason == StopReason.MISSED).label("missed"),
        )
        .where(IS_SCHEDULED, Run.planned_at > now - timedelta(days=DAYS + 2), Run.planned_at <= now)
        .group_by(day)
    )
    rows = {row.day: row for row in db.session.execute(query.where(*whose.where(Run.owner_id)))}
    return [_day(first + timedelta(days=number), rows.get(number + 1)) for number in range(DAYS)]


def _day(day: date, row: object) -> DayOfRuns:
    if row is None:
        return DayOfRuns(day, 0, 0.0, 0.0, 0)
    return DayOfRuns(day, row.started, max(0.0, row.median or 0), max(0.0, row.most or 0), row.missed)  # type: ignore[attr-defined]


def latest_runs(whose: Whose, now: datetime) -> list[Run]:
    """The last scheduled runs with their mailings."""
    query = (
        select(Run)
        .join(Run.mailing)
        .options(contains_eager(Run.mailing))
        .where(IS_SCHEDULED, Run.planned_at <= now, Mailing.deleted_at.is_(None))
        .order_by(Run.planned_at.desc(), Run.id.desc())
    )
    return list(db.session.scalars(query.where(*whose.where(Run.owner_id)).limit(SHOWN)))
