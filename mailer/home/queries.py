"""What the dashboard shows: one owner's work, or everybody's for those who oversee."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from mailer.caching import remembered
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.series import Enrolment, EnrolmentState, Series, SeriesState
from mailer.models.user import User
from mailer.owner_filter import EVERYBODY, Whose
from mailer.periods import day_number
from mailer.smtp.results import Outcome

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


def totals(whose: Whose) -> Totals:
    """Summed from the counters of the runs, never by counting attempts.

    Over everybody they are the same for all who oversee, and remembered for ten seconds: their pages ask all the time.
    """
    if whose.owner is None:
        return Totals(*remembered("dashboard:totals", ALL_KEPT_SECONDS, lambda: _sum_totals(whose)))
    return Totals(*_sum_totals(whose))


def _sum_totals(whose: Whose) -> list[int]:
    columns = (Run.successful_attempt_count, Run.failed_attempt_count, Run.sent_count)
    row = db.session.execute(
        _seen(select(*(func.coalesce(func.sum(c), 0) for c in columns)), Run.owner_id, whose)
    ).one()
    return [int(figure) for figure in row]


def attempts_per_day(whose: Whose, now: datetime) -> list[tuple[date, int, int]]:
    """(day, successful, failed) for the last 30 days in the user's zone, oldest first.

    An attempt counts on the day it was made. Over everybody remembered as `totals` are; and so is what must be read
    attempt by attempt, the runs that lasted over a midnight.
    """
    zone = ZoneInfo(whose.reader.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=CHART_DAYS - 1)
    if whose.owner is None:
        key = f"dashboard:attempts:{whose.reader.timezone}:{today}"
        figures = remembered(key, ALL_KEPT_SECONDS, lambda: _sum_attempts(whose, first, now))
    else:
        figures = _sum_attempts(whose, first, now)
    days = (first + timedelta(days=number) for number in range(CHART_DAYS))
    return [(one, *figures.get(one.isoformat(), (0, 0))) for one in days]


def _sum_attempts(whose: Whose, first: date, now: datetime) -> dict[str, tuple[int, int]]:
    """By ISO day, (successful, failed)."""
    key = f"dashboard:long-runs:{whose.owner_id or EVERYBODY}:{whose.reader.timezone}:{first}"
    figures = Counter(_good_and_bad(_of_short_runs(whose, first, now), first))
    over_midnight = _of_long_runs(whose, first, now)
    figures.update(remembered(key, ALL_KEPT_SECONDS, lambda: _good_and_bad(over_midnight, first)))
    days = {key.partition(" ")[0] for key in figures}
    return {day: (figures[f"{day} good"], figures[f"{day} bad"]) for day in days}


def _good_and_bad(query: Select[Any], first: date) -> dict[str, int]:
    """What rows of (number of the day from `first` on, successful, failed) say, by `2026-11-29 good` and `… bad`."""
    figures: dict[str, int] = {}
    for number, good, bad in db.session.execute(query):
        day = first + timedelta(days=number - 1)
        figures |= {f"{day.isoformat()} good": int(good), f"{day.isoformat()} bad": int(bad)}
    return figures


def _of_short_runs(whose: Whose, first: date, now: datetime) -> Select[Any]:
    """The figures of runs that began and ended on one day."""
    begun_on, ended_on = _days_of_run(whose.reader, first, now)
    query = select(begun_on, func.sum(Run.successful_attempt_count), func.sum(Run.failed_attempt_count))
    return _seen(query.where(begun_on == ended_on, begun_on >= 1).group_by(begun_on), Run.owner_id, whose)


def _of_long_runs(whose: Whose, first: date, now: datetime) -> Select[Any]:
    """The attempts of runs that lasted over a midnight."""
    begun_on, ended_on = _days_of_run(whose.reader, first, now)
    day = day_number(Attempt.finished_at, first, CHART_DAYS, whose.reader.timezone)
    is_good = Attempt.outcome == Outcome.ACCEPTED
    query = select(day, func.count().filter(is_good), func.count().filter(~is_good)).join(Run, Run.id == Attempt.run_id)
    return _seen(query.where(begun_on < ended_on, ended_on >= 1, day >= 1).group_by(day), Run.owner_id, whose)


def _days_of_run(user: User, first: date, now: datetime) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The days, numbered from `first` on in the user's zone, on which a run began and ended (or: today)."""
    ended_at = func.coalesce(Run.closed_at, now)
    begun_at = func.coalesce(Run.started_at, ended_at)
    zone = user.timezone
    return day_number(begun_at, first, CHART_DAYS, zone), day_number(ended_at, first, CHART_DAYS, zone)


def upcoming_mailings(whose: Whose) -> list[Mailing]:
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
    return list(db.session.scalars(_seen(query, Mailing.owner_id, whose)))


def open_runs(whose: Whose) -> list[Run]:
    """Runs that are not closed, the newest first."""
    query = select(Run).options(joinedload(Run.mailing)).where(Run.closed_at.is_(None)).order_by(Run.id.desc())
    return list(db.session.scalars(_seen(query, Run.owner_id, whose).limit(LIST_LENGTH)))


def recent_runs(whose: Whose) -> list[Run]:
    """Closed runs, the newest first."""
    query = (
        select(Run)
        .options(joinedload(Run.mailing))
        .where(Run.closed_at.is_not(None))
        .order_by(Run.planned_at.desc(), Run.id.desc())
    )
    return list(db.session.scalars(_seen(query, Run.owner_id, whose).limit(LIST_LENGTH)))


def first_steps(user: User) -> FirstSteps:
    """Three cheap questions, each answered by the first row found."""
    clients, messages, mailings = (
        db.session.scalar(
            select(select(model.id).where(model.owner_id == user.id, model.deleted_at.is_(None)).exists())
        )
        for model in (Client, Message, Mailing)
    )
    return FirstSteps(bool(clients), bool(messages), bool(mailings))


def _seen(query: Select[Any], owner_id: InstrumentedAttribute[int], whose: Whose) -> Select[Any]:
    return query.where(*whose.where(owner_id))


@dataclass(frozen=True, slots=True)
class GoingSeries:
    """A series that people are in, and how many are on their way through it."""

    series: Series
    waiting_count: int


def going_series(whose: Whose) -> list[GoingSeries]:
    """An owner's series that go, the latest started first; of nobody where everybody's work is shown."""
    if whose.owner_id is None:
        return []
    going = select(Series).where(
        Series.owner_id == whose.owner_id, Series.state == SeriesState.ACTIVE, Series.deleted_at.is_(None)
    )
    found = list(db.session.scalars(going.order_by(Series.started_at.desc(), Series.id).limit(LIST_LENGTH)))
    waiting = Enrolment.series_id.in_([series.id for series in found]), Enrolment.state == EnrolmentState.WAITING
    query = select(Enrolment.series_id, func.count()).where(*waiting).group_by(Enrolment.series_id)
    counts = dict(db.session.execute(query).tuples().all())
    return [GoingSeries(series, counts.get(series.id, 0)) for series in found]
