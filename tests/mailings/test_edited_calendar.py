"""A calendar that is edited through its form, and the tick: nothing promised is lost, and nothing is sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.recurrence.moments import next_moment
from mailer.recurrence.rule import Period
from mailer.sending.runs.missing import make_good
from mailer.sending.runs.next_run import point_at, set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from tests.conftest import Browser
from tests.factories import make_client, make_mailing
from tests.mailings.form_reader import fields_of

NINE_IN_TOKYO = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
DONE = (RunState.COMPLETE, None)


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """Daily at nine in Tokyo, saved the day before."""
    made = make_mailing(
        owner, [make_client(owner)], starts_local=datetime(2026, 11, 30, 9), timezone="Asia/Tokyo", name="Morning"
    )
    set_next_run(made, NINE_IN_TOKYO - timedelta(days=1))
    db.session.commit()
    return made


def tick(now: datetime) -> None:
    """The tick's part in it; what it starts is sent at once."""
    start_due(now)
    make_good(0, now)
    for run in db.session.scalars(select(Run).where(Run.closed_at.is_(None))):
        run.state, run.closed_at = RunState.COMPLETE, now
    db.session.commit()


def edit(browser: Browser, mailing: Mailing, now: datetime, **changes: Any) -> None:
    """Open the form, change something, save, and say yes when asked."""
    with time_machine.travel(now, tick=False):
        browser.login(mailing.owner)
        address = f"/mailings/{mailing.id}/edit"
        page = browser.get(address).text
        answer = browser.post(address, data=fields_of(page, "mailing-form") | changes)
        if answer.status_code == 200:
            answer = browser.post(address, data=fields_of(page, "mailing-form") | changes | {"confirmed": "1"})
    assert answer.status_code == 303, answer.text
    db.session.expire_all()


def story() -> list[tuple[str, RunState, StopReason | None]]:
    runs = db.session.scalars(select(Run).order_by(Run.planned_at))
    return [(f"{run.planned_at:%d %H:%M}", run.state, run.stop_reason) for run in runs]


@pytest.mark.parametrize("period", [Period.DAILY, Period.ONCE])
def test_another_zone_keeps_every_promise(web: Browser, mailing: Mailing, period: Period) -> None:
    mailing.period = period
    db.session.commit()
    tick(NINE_IN_TOKYO)
    assert story() == [("30 00:00", *DONE)]
    edit(web, mailing, NINE_IN_TOKYO + timedelta(hours=2), timezone="Europe/Moscow")
    nine_in_moscow = NINE_IN_TOKYO + timedelta(hours=6)
    assert mailing.next_run_at == nine_in_moscow, "what the form shows"
    tick(nine_in_moscow)
    assert story() == [("30 00:00", *DONE), ("30 06:00", *DONE)]


@pytest.mark.parametrize("period", [Period.DAILY, Period.ONCE])
def test_the_same_instant_in_another_zone_is_not_sent_twice(web: Browser, mailing: Mailing, period: Period) -> None:
    mailing.period = period
    db.session.commit()
    tick(NINE_IN_TOKYO)
    changes = {"timezone": "Europe/Moscow", "starts_at": "2026-11-30T03:00"}
    edit(web, mailing, NINE_IN_TOKYO + timedelta(hours=2), **changes)
    tick(NINE_IN_TOKYO + timedelta(hours=3))
    assert story() == [("30 00:00", *DONE)]


def test_a_run_overdue_when_its_rule_is_edited_is_left_out_with_the_reason(web: Browser, mailing: Mailing) -> None:
    tick(NINE_IN_TOKYO)
    tomorrow = NINE_IN_TOKYO + timedelta(days=1)
    edit(web, mailing, tomorrow + timedelta(minutes=2), starts_at="2026-11-30T18:00")
    assert story()[1:] == [("01 00:00", RunState.SKIPPED, StopReason.CHANGED)]
    tick(tomorrow + timedelta(hours=9))
    assert story()[2:] == [("01 09:00", *DONE)]


def test_a_run_overdue_by_the_new_rule_too_begins(web: Browser, mailing: Mailing) -> None:
    tick(NINE_IN_TOKYO)
    tomorrow = NINE_IN_TOKYO + timedelta(days=1)
    edit(web, mailing, tomorrow + timedelta(minutes=2), ends_at="2027-02-01T00:00")
    tick(tomorrow + timedelta(minutes=2))
    assert story()[1:] == [("01 00:00", *DONE)]


def test_what_passed_during_a_pause_is_not_made_good_by_an_edit(web: Browser, mailing: Mailing) -> None:
    mailing.paused_at = NINE_IN_TOKYO - timedelta(hours=1)
    db.session.commit()
    edit(web, mailing, NINE_IN_TOKYO + timedelta(hours=1), starts_at="2026-11-30T18:00")
    assert story() == [("30 00:00", RunState.SKIPPED, StopReason.HELD)]


def test_the_finder_of_missing_runs_ends(web: Browser, mailing: Mailing) -> None:
    tick(NINE_IN_TOKYO)
    edit(web, mailing, NINE_IN_TOKYO + timedelta(hours=2), timezone="Europe/Moscow")
    point_at(mailing, next_moment(mailing.rule, NINE_IN_TOKYO + timedelta(hours=9)))  # past a run that was never made
    db.session.commit()
    later = NINE_IN_TOKYO + timedelta(hours=7)
    assert make_good(0, later)[1] == [mailing.id]
    tick(later)
    assert make_good(0, later) == (0, [])
    assert story() == [("30 00:00", *DONE), ("30 06:00", *DONE)]


@pytest.mark.parametrize("hours", [24, 23])  # the clocks go forward
def test_the_run_of_the_day_before_is_no_part_of_a_days_limit(owner: User, mailing: Mailing, hours: int) -> None:
    owner.daily_limit = 1
    db.session.commit()
    tick(NINE_IN_TOKYO + timedelta(seconds=5))  # a little late
    (first,) = db.session.scalars(select(Run))
    db.session.execute(Run.__table__.update().values(planned_count=1, accepted_count=1))
    db.session.commit()
    mailing.next_run_at = first.planned_at + timedelta(hours=hours)
    db.session.commit()
    start_due(mailing.next_run_at)
    assert _listed(NINE_IN_TOKYO + timedelta(hours=hours, seconds=1)) == [RunState.SENDING]


def _listed(now: datetime) -> list[RunState]:
    """Write the lists that are wanted; the states of those runs."""
    ids = list(db.session.scalars(select(Run.id).where(Run.state == RunState.PLANNED)))
    with time_machine.travel(now, tick=False):
        for run_id in ids:
            write_recipient_list(run_id)
    db.session.expire_all()
    return [db.session.get_one(Run, run_id).state for run_id in ids]
