"""One run left out, earlier or later: through the page, the tick and the calendar file; all others stay."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import recurring_ical_events
import time_machine
from icalendar import Calendar

from mailer.extensions import db
from mailer.models.journal_entry import JournalEntry
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.recurrence.rule import Period
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from tests.conftest import Browser
from tests.factories import make_client, make_mailing
from tests.mailings.form_reader import fields_of
from tests.mailings.test_edited_calendar import DONE, story, tick

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NINE = datetime(2026, 12, 1, 6, tzinfo=UTC)  # in Moscow
DAY = timedelta(days=1)


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """Daily at nine in Moscow, from the first of December on."""
    made = make_mailing(
        owner, [make_client(owner)], starts_local=datetime(2026, 12, 1, 9), timezone="Europe/Moscow", run_limit=3
    )
    set_next_run(made, NOON)
    db.session.commit()
    return made


def press(browser: Browser, mailing: Mailing, what: str, now: datetime = NOON, **data: Any) -> Any:
    with time_machine.travel(now, tick=False):
        browser.login(mailing.owner)
        answer = browser.post(f"/mailings/{mailing.id}/{what}", data=data)
    db.session.expire_all()
    return answer


def page(browser: Browser, mailing: Mailing, what: str = "", now: datetime = NOON) -> str:
    with time_machine.travel(now, tick=False):
        return browser.login(mailing.owner).get(f"/mailings/{mailing.id}{what}").text


def live(days: int) -> None:
    for hour in range(24 * days):
        tick(NOON + timedelta(hours=hour))


def test_a_run_left_out_is_followed_by_the_others(web: Browser, mailing: Mailing) -> None:
    assert press(web, mailing, "leave-out", occurrence="2026-12-01T06:00Z").status_code == 303
    assert mailing.next_run_at == NINE + DAY
    assert "пропустили этот запуск" in page(web, mailing)
    live(6)
    left_out = ("01 06:00", RunState.SKIPPED, StopReason.OWNER)
    assert story() == [left_out, ("02 06:00", *DONE), ("03 06:00", *DONE), ("04 06:00", *DONE)]
    assert press(web, mailing, "leave-out", occurrence="2026-12-01T06:00Z").status_code == 303
    assert len(story()) == 4, "nothing is left out twice"
    entry = db.session.query(JournalEntry).filter_by(subject=f"mailing {mailing.id}").order_by(JournalEntry.id).first()
    assert entry is not None
    assert entry.details == {"what": "run left out", "before": "2026-12-01 09:00", "after": ""}


@pytest.mark.parametrize(("to", "real"), [("2026-11-30T20:00", "30 17:00"), ("2026-12-01T21:30", "01 18:30")])
def test_a_run_moved_happens_once_and_stays_the_same_one(web: Browser, mailing: Mailing, to: str, real: str) -> None:
    form: dict[str, Any] = {**fields_of(page(web, mailing, "/move"), "move-form")}
    assert press(web, mailing, "move", **form | {"to": to}).status_code == 303
    assert mailing.moved_from_at == NINE
    assert "вы перенесли" in page(web, mailing)
    live(6)
    assert story() == [(real, *DONE), ("02 06:00", *DONE), ("03 06:00", *DONE)]
    assert db.session.query(Run).order_by(Run.planned_at).limit(1).one().occurrence == "2026-12-01T06:00Z"


def test_a_run_moved_and_then_edited_is_not_sent_twice(web: Browser, mailing: Mailing) -> None:
    press(web, mailing, "move", occurrence="2026-12-01T06:00Z", to="2026-11-30T20:00")
    live(1)
    assert len(story()) == 1
    set_next_run(mailing, NINE - timedelta(hours=1))
    assert mailing.next_run_at == NINE + DAY


@pytest.mark.parametrize(
    "to", ["2026-11-30T10:00", "2026-12-02T09:00", "2027-12-02T09:00", "0001-01-01T00:00", "9999-12-31T23:59", "", "x"]
)
def test_where_it_cannot_go(web: Browser, mailing: Mailing, to: str) -> None:
    answer = press(web, mailing, "move", occurrence="2026-12-01T06:00Z", to=to)
    assert (answer.status_code, "has-error" in answer.text) == (422, True)
    assert (mailing.next_run_at, mailing.moved_from_at) == (NINE, None)


def test_the_calendar_file_tells_both(web: Browser, mailing: Mailing) -> None:
    press(web, mailing, "leave-out", occurrence="2026-12-01T06:00Z")
    press(web, mailing, "move", occurrence="2026-12-02T06:00Z", to="2026-12-02T20:00")
    parsed = Calendar.from_ical(page(web, mailing, "/rule.ics"))
    events = recurring_ical_events.of(parsed).between(NOON, NOON + 3 * DAY)
    assert sorted(event["DTSTART"].dt.astimezone(UTC) for event in events) == [
        datetime(2026, 12, 2, 17, tzinfo=UTC), datetime(2026, 12, 3, 6, tzinfo=UTC),
    ]  # fmt: skip


def test_the_calendar_file_still_tells_both_when_they_have_passed(web: Browser, mailing: Mailing) -> None:
    press(web, mailing, "leave-out", occurrence="2026-12-01T06:00Z")
    press(web, mailing, "move", occurrence="2026-12-02T06:00Z", to="2026-12-02T20:00")
    live(4)
    parsed = Calendar.from_ical(page(web, mailing, "/rule.ics", NOON + 4 * DAY))
    events = recurring_ical_events.of(parsed).between(NOON, NOON + 3 * DAY)
    assert sorted(event["DTSTART"].dt.astimezone(UTC) for event in events) == [
        datetime(2026, 12, 2, 17, tzinfo=UTC), datetime(2026, 12, 3, 6, tzinfo=UTC),
    ]  # fmt: skip


def test_a_run_that_waits_for_its_hours_is_not_left_out_of_the_file(web: Browser, mailing: Mailing) -> None:
    mailing.window_opens, mailing.window_closes = time(20), time(21)
    db.session.commit()
    with time_machine.travel(NINE, tick=False):
        start_due(NINE)
        write_recipient_list(db.session.query(Run).one().id)
    assert [state for _at, state, _reason in story()] == [RunState.WAITING_FOR_WINDOW]
    text = page(web, mailing, "/rule.ics", NINE + timedelta(hours=2))
    assert "DTSTART;TZID=Europe/Moscow:20261201T090000" in text and "EXDATE" not in text


def test_a_run_moved_earlier_that_has_gone_is_not_called_left_out(web: Browser, mailing: Mailing) -> None:
    press(web, mailing, "move", occurrence="2026-12-01T06:00Z", to="2026-11-30T20:00")
    live(1)
    assert len(story()) == 1
    evening = NOON + timedelta(hours=9)  # it has gone; its old moment is to come
    text = page(web, mailing, "", evening)
    assert "пропустили этот запуск" not in text
    assert "на более раннее время" in text
    parsed = Calendar.from_ical(page(web, mailing, "/rule.ics", evening))
    (event,) = recurring_ical_events.of(parsed).between(NOON, NINE + timedelta(hours=1))
    assert event["DTSTART"].dt.astimezone(UTC) == datetime(2026, 11, 30, 17, tzinfo=UTC)
    month = web.get("/calendar?at=2026-12-01").text
    assert "пропущен" not in month


@pytest.mark.parametrize("period", [Period.ONCE, Period.DAILY])
def test_an_hour_that_the_clocks_skip_is_one_time_everywhere_with_the_reason(
    web: Browser, owner: User, period: Period
) -> None:
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)
    starts = datetime(2027, 3, 28, 2, 30)
    mailing = make_mailing(owner, None, period=period, timezone="Europe/Berlin", starts_local=starts)
    set_next_run(mailing, now)
    db.session.commit()
    text = page(web, mailing, "", now)
    assert "28 марта, 03:30" in text.replace("28 марта 2027 г.", "28 марта")
    assert "28 марта 2027 г., 02:30" not in text and "28 марта, 02:30" not in text
    assert text.count("02:30 не бывает") >= 2  # above, and in the list
    moved = page(web, mailing, "/move", now)
    assert "03:30" in moved and "02:30" not in moved
    assert "03:30" in page(web, mailing, "", now)
    if period is Period.DAILY:
        press(web, mailing, "leave-out", now, occurrence="2027-03-28T01:30Z")
        assert "03:30" in page(web, mailing, "", now)
