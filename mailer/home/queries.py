"""What the dashboard shows: one owner's work, or everybody's for those who oversee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from mailer.access import Permission
from mailer.caching import remembered
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import User

CHART_DAYS = 30
LIST_LENGTH = 7
ALL_KEPT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures over all runs."""

    successful_attempt_count: int
    failed_attempt_count: int
    sent_count: int  # texts handed to the mail server, whatever it then said


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new account has done of its first three steps."""

    has_clients: bool
    has_messages: bool
    has_mailings: bool

    @property
    def are_done(self) -> bool:
        """Whether the checklist may go."""
        return self.has_clients and self.has_messages and self.has_mailings


def totals(user: User) -> Totals:
    """Summed from the counters of the runs, never by counting attempts.

    Over everybody they are the same for all who oversee, and remembered for ten seconds: their pages ask all the time.
    """
    if user.can(Permission.OVERSEE):
        return Totals(*remembered("dashboard:totals", ALL_KEPT_SECONDS, lambda: _sum_totals(user)))
    return Totals(*_sum_totals(user))


def _sum_totals(user: User) -> list[int]:
    columns = (Run.successful_attempt_count, Run.failed_attempt_count, Run.sent_count)
    row = db.session.execute(_seen(select(*(func.coalesce(func.sum(c), 0) for c in columns)), Run.owner_id, user)).one()
    return [int(figure) for figure in row]


def attempts_per_day(user: User, now: datetime) -> list[tuple[date, int, int]]:
    """(day, successful, failed) for the last 30 days in the user's zone, oldest first.

    A run counts, with all its attempts, on the day it was planned for. Over everybody remembered as `totals` are.
    """
    zone = ZoneInfo(user.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=CHART_DAYS - 1)
    if user.can(Permission.OVERSEE):
        key = f"dashboard:attempts:{user.timezone}:{today}"
        figures = remembered(key, ALL_KEPT_SECONDS, lambda: _sum_attempts(user, first, now))
    else:
        figures = _sum_attempts(user, first, now)
    days = (first + timedelta(days=number) for number in range(CHART_DAYS))
    return [(one, *figures.get(one.isoformat(), (0, 0))) for one in days]


def _sum_attempts(user: User, first: date, now: datetime) -> dict[str, tuple[int, int]]:
    """By ISO day, (successful, failed)."""
    zone = ZoneInfo(user.timezone)
    since = datetime.combine(first, datetime.min.time(), zone)
    day = cast(func.timezone(user.timezone, Run.planned_at), Date)
    query = (
        select(day, func.sum(Run.successful_attempt_count), func.sum(Run.failed_attempt_count))
        .where(Run.planned_at >= since, Run.planned_at <= now)
        .group_by(day)
    )
    rows = db.session.execute(_seen(query, Run.owner_id, user))
    return {row[0].isoformat(): (int(row[1]), int(row[2])) for row in rows}


def upcoming_mailings(user: User) -> list[Mailing]:
    """The mailings whose next run comes soonest."""
    query = (
        select(Mailing)
        .where(
            Mailing.next_run_at.is_not(None),
            Mailing.paused_at.is_(None),
            Mailing.disabled_at.is_(None),
            Mailing.deleted_at.is_(None),
        )
        .order_by(Mailing.next_run_at, Mailing.id)
        .limit(LIST_LENGTH)
    )
    return list(db.session.scalars(_seen(query, Mailing.owner_id, user)))


def open_runs(user: User) -> list[Run]:
    """Runs that are not closed, the newest first."""
    query = select(Run).options(joinedload(Run.mailing)).where(Run.closed_at.is_(None)).order_by(Run.id.desc())
    return list(db.session.scalars(_seen(query, Run.owner_id, user).limit(LIST_LENGTH)))


def recent_runs(user: User) -> list[Run]:
    """Closed runs, the newest first."""
    query = (
        select(Run)
        .options(joinedload(Run.mailing))
        .where(Run.closed_at.is_not(None))
        .order_by(Run.planned_at.desc(), Run.id.desc())
    )
    return list(db.session.scalars(_seen(query, Run.owner_id, user).limit(LIST_LENGTH)))


def first_steps(user: User) -> FirstSteps:
    """Three cheap questions, each answered by the first row found."""
    clients, messages, mailings = (
        db.session.scalar(
            select(select(model.id).where(model.owner_id == user.id, model.deleted_at.is_(None)).exists())
        )
        for model in (Client, Message, Mailing)
    )
    return FirstSteps(bool(clients), bool(messages), bool(mailings))


def _seen(query: Select[Any], owner_id: InstrumentedAttribute[int], user: User) -> Select[Any]:
    return query if user.can(Permission.OVERSEE) else query.where(owner_id == user.id)
