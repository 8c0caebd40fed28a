"""Sending hours hold a run back, carry it over, and let its end cut it off with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import Delivery, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.recurrence.window import EVERY_DAY
from mailer.sending.runs import control
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_now
from mailer.sending.runs.windows import open_and_close_windows
from mailer.sending.worker.run_worker import runs_with_work
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_mailing
from tests.sending.conftest import finish


def closed_hours() -> dict[str, object]:
    """Hours of UTC that are over now, and come again in 20 hours."""
    now = utcnow()
    return {"window_opens": (now - timedelta(hours=4)).time(), "window_closes": (now - timedelta(hours=3)).time()}


def open_hours() -> dict[str, object]:
    """Hours of UTC that are just now."""
    now = utcnow()
    return {"window_opens": (now - timedelta(hours=1)).time(), "window_closes": (now + timedelta(hours=1)).time()}


def again(run: Run) -> Run:
    return db.session.get_one(Run, run.id, populate_existing=True)


def open_now(run: Run) -> None:
    """As if the run's hours had come."""
    mailing = db.session.get_one(Mailing, run.mailing_id)
    for name, value in {"window_weekdays": list(EVERY_DAY), **open_hours()}.items():
        setattr(mailing, name, value)
    run.window_opens_at = utcnow()
    db.session.commit()


def test_outside_its_hours_a_run_waits_and_nobody_is_woken(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = finish(make_run("a@example.test", **closed_hours()))
    assert run.state is RunState.WAITING_FOR_WINDOW
    assert run.window_opens_at is not None
    assert run.due_at == run.window_opens_at > utcnow()
    assert lab.accepted == []
    assert runs_with_work() == []


def test_when_its_hours_come_it_sends(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = finish(make_run("a@example.test", **closed_hours()))
    assert open_and_close_windows() == []
    open_now(run)
    assert open_and_close_windows() == [run.id]
    assert finish(run).state is RunState.COMPLETE
    assert len(lab.accepted) == 1


def test_hours_that_end_amid_a_run_carry_the_rest_over(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = make_run("a@example.test", "b@example.test", **open_hours())
    write_recipient_list(run.id)
    run = again(run)
    assert run.state is RunState.SENDING
    run.window_closes_at = utcnow()
    db.session.execute(text("UPDATE mailings SET window_opens = '00:00', window_closes = '00:00'"))
    db.session.execute(
        text("UPDATE mailings SET window_weekdays = ARRAY[:day]::smallint[]"),
        {"day": (utcnow() + timedelta(days=2)).isoweekday()},
    )
    db.session.commit()
    assert finish(run).state is RunState.SENDING  # the ledger itself lets nothing out
    assert lab.accepted == []
    assert open_and_close_windows() == [run.id]
    assert again(run).state is RunState.WAITING_FOR_WINDOW
    open_now(again(run))
    open_and_close_windows()
    assert finish(run).accepted_count == 2


def test_what_the_end_cuts_off_while_it_waits_is_stopped_with_that_reason(
    lab: Lab, make_run: Callable[..., Run]
) -> None:
    ends = (utcnow() + timedelta(hours=1)).replace(tzinfo=None)
    run = finish(make_run("a@example.test", ends_local=ends, **closed_hours()))
    assert stop_what_must(utcnow() + timedelta(hours=2)) == [run.id]
    assert again(run).state is RunState.EXPIRED
    assert db.session.scalars(select(Delivery.reason)).one() is Reason.STOPPED_WINDOW


def test_a_pause_over_the_closed_hours_lets_nothing_out(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = finish(make_run("a@example.test", **closed_hours()))
    mailing = db.session.get_one(Mailing, run.mailing_id)
    control.pause(mailing)
    db.session.commit()
    assert open_and_close_windows(utcnow() + timedelta(days=1)) == []
    control.resume(mailing)
    db.session.commit()
    finish(run)
    assert lab.accepted == []
    open_and_close_windows()
    assert again(run).state is RunState.WAITING_FOR_WINDOW


def test_on_demand_a_person_sends_at_any_hour(lab: Lab, owner: User) -> None:
    client = make_client(owner)
    run = start_now(make_mailing(owner, [client], **closed_hours()), "form")
    assert finish(run).state is RunState.COMPLETE


def test_holidays_close_the_hours(owner: User) -> None:
    mailing = make_mailing(owner, holiday_country="RU", window_skips_holidays=True, timezone="Europe/Moscow")
    assert mailing.window is not None
    opening = mailing.window.opening(datetime(2027, 1, 2, 12, tzinfo=UTC))
    assert opening is not None
    assert opening.opens_at == datetime(2027, 1, 8, 21, tzinfo=UTC)  # the 9th, a Saturday that is no holiday
