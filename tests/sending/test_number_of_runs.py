"""A number of runs promises runs that really happen: what was missed, held back or empty is followed by another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.extensions import db
from mailer.mailings.agenda import agenda_of
from mailer.mailings.calendar_plan import Calendar
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.recurrence.moments import moments
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from tests.factories import make_client, make_mailing

FIRST = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)


def day(number: int) -> datetime:
    """Just after that moment of the calendar, the first being 1."""
    return FIRST.replace(tzinfo=UTC) + (number - 1) * DAY + timedelta(seconds=1)


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """Every day, three runs, saved before the first."""
    made = make_mailing(owner, [make_client(owner)], starts_local=FIRST, run_limit=3)
    set_next_run(made, day(0))
    db.session.commit()
    return made


def run_on(*days: int) -> None:
    """Let the tick come on these days, and each run send in no time."""
    for number in days:
        for run_id in start_due(day(number)):
            write_recipient_list(run_id)
            run = db.session.get_one(Run, run_id, populate_existing=True)
            if run.closed_at is None:
                db.session.query(Run).filter_by(id=run_id).update({"stop_reason": "owner"})
                db.session.commit()
                stop_what_must(day(number))


def happened() -> list[int]:
    """The days of the runs that were more than a moment left out."""
    db.session.expire_all()
    runs = db.session.scalars(select(Run).where(Run.state != RunState.SKIPPED).order_by(Run.planned_at))
    return [(run.planned_at.replace(tzinfo=None) - FIRST).days + 1 for run in runs]


def test_three_in_a_row(mailing: Mailing) -> None:
    run_on(*range(1, 8))
    assert happened() == [1, 2, 3]
    assert mailing.completed_at is not None


def test_missed_ones_are_followed_by_others(mailing: Mailing) -> None:
    run_on(1)
    start_due(day(7) - timedelta(hours=6))  # back after five days, too late for the last of them
    run_on(*range(7, 12))
    assert happened() == [1, 7, 8]
    db.session.refresh(mailing)
    assert mailing.completed_at is not None
    skipped = db.session.scalars(select(Run.stop_reason).where(Run.state == RunState.SKIPPED)).all()
    assert skipped == [StopReason.MISSED] * 5


def test_those_held_back_too(mailing: Mailing) -> None:
    mailing.released_at = day(3)
    db.session.commit()
    run_on(*range(4, 9))
    assert happened() == [4, 5, 6]


def test_one_that_found_nobody_is_followed_by_another(mailing: Mailing) -> None:
    """Even if it was the last."""
    run_on(1, 2)
    client = mailing.clients[0]
    client.deleted_at = day(2)
    db.session.commit()
    run_on(3)
    client.deleted_at = None
    db.session.commit()
    assert happened() == [1, 2]
    db.session.refresh(mailing)
    assert mailing.next_run_at is not None
    run_on(*range(4, 9))
    assert happened() == [1, 2, 4]
    db.session.refresh(mailing)
    assert mailing.completed_at is not None


def test_a_calendar_saved_late_has_all_its_runs_to_come(owner: User) -> None:
    made = make_mailing(owner, [make_client(owner)], starts_local=FIRST, run_limit=3)
    agenda = agenda_of(Calendar.of(made), day(10) + timedelta(hours=1), mailing=made)
    assert (agenda.starts_at_once, len(agenda.lines)) == (True, 2)
    set_next_run(made, day(10) + timedelta(hours=1))
    db.session.commit()
    run_on(*range(11, 16))
    assert len(happened()) == 3


def test_saving_again_does_not_begin_anew(mailing: Mailing) -> None:
    run_on(1, 2)
    set_next_run(mailing, day(2) + timedelta(hours=1))
    db.session.commit()
    run_on(*range(3, 9))
    assert happened() == [1, 2, 3]
    set_next_run(mailing, day(9))
    assert mailing.next_run_at is None


def test_the_calendar_shows_as_many(mailing: Mailing) -> None:
    mailing.skipped_count = 2
    assert len(list(moments(mailing.rule))) == 5
