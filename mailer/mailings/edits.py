"""A mailing changed while a run of it in waves is open: the run keeps what it began with."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.extensions import db
from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.recurrence.moments import moments, next_moment
from mailer.sending.runs.next_run import taken
from mailer.sending.runs.run_rows import insert_run

A_MOMENT = timedelta(seconds=1)


def require_hours_kept(mailing: Mailing, calendar: Calendar) -> None:
    """FormRefusal for other sending hours while a run goes: its waves are held to those of the mailing."""
    if _open_runs(mailing) and _hours_of(Calendar.of(mailing)) != _hours_of(calendar):
        raise FormRefusal(
            {"window_opens": _("A run is going by the sending hours as they were: change them when it has ended.")}
        )


def stand_for_its_day(mailing: Mailing, now: datetime) -> None:
    """Leave out the moment that the new calendar puts in place of a run that goes: its people get one email of the day,
    not two. Other moments of that day stay. No commit."""
    for run in _open_runs(mailing):
        assert run.wave_local is not None
        kept = next_moment(mailing.rule, run.planned_at - A_MOMENT)
        if kept is not None and kept.at == run.planned_at:
            continue
        day = run.wave_local.date()
        coming = takewhile(lambda one, day=day: one.local.date() <= day, moments(mailing.rule, now))  # type: ignore[misc]
        instead = [one for one in coming if one.local.date() == day]
        if instead and not taken(mailing.id, instead[:1]):
            insert_run(mailing, instead[0].occurrence, instead[0].at, now, StopReason.OVERLAP)


def _open_runs(mailing: Mailing) -> list[Run]:
    """Those in waves; while others go nothing is changed."""
    query = select(Run).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None), Run.wave_local.is_not(None))
    return list(db.session.scalars(query.order_by(Run.id)))


def _hours_of(calendar: Calendar) -> tuple[object, ...]:
    looks_at_holidays = calendar.window_skips_holidays
    return (
        calendar.window_opens,
        calendar.window_closes,
        calendar.window_weekdays,
        looks_at_holidays,
        (calendar.holiday_country, calendar.holiday_subdivision) if looks_at_holidays else None,
    )
