"""Months and weeks with every run, and a secret link for other calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from dateutil.rrule import rrulestr
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.calendar.entries import entries
from mailer.calendar.pages import CalendarPage, View
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import RunState
from mailer.models.user import User
from mailer.owner_filter import whose_asked
from mailer.recurrence.holidays import HolidayRule
from mailer.sending.runs.next_run import set_next_run
from tests.conftest import Browser
from tests.factories import make_mailing
from tests.mailings.builders import make_run

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def daily(owner: User) -> Mailing:
    """Every day at nine, since the tenth; the run of the 20th is over."""
    mailing = make_mailing(owner, starts_local=datetime(2026, 11, 10, 9), name="Morning")
    set_next_run(mailing, datetime(2026, 11, 20, 10, tzinfo=UTC))
    make_run(mailing, datetime(2026, 11, 20, 9, tzinfo=UTC), state=RunState.COMPLETE, closed_at=NOW)
    mailing.next_run_at, mailing.next_run_local = datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2026, 11, 21, 9)
    db.session.commit()
    return mailing


def of_november(user: User) -> list[tuple[str, bool]]:
    start, end = CalendarPage.around(View.MONTH, date(2026, 11, 5)).bounds(ZoneInfo("UTC"))
    return [
        (f"{entry.at:%m-%d}", entry.run is not None) for entry in entries(whose_asked({}, user), start, end, NOW).found
    ]


def test_a_month_has_what_was_and_what_comes(daily: Mailing, owner: User) -> None:
    found = of_november(owner)
    assert found[:3] == [("11-20", True), ("11-21", False), ("11-22", False)]
    assert found[-1] == ("12-06", False)
    assert len(found) == 17


def test_nobody_sees_anothers_but_those_who_oversee(daily: Mailing, stranger: User, manager: User) -> None:
    assert of_november(stranger) == []
    assert len(of_november(manager)) == 17


def test_a_moment_that_is_due_stands_once(daily: Mailing, owner: User) -> None:
    late = NOW + timedelta(days=1, hours=3)
    found = entries(whose_asked({}, owner), NOW - timedelta(days=1), NOW + timedelta(days=3), late)
    assert [f"{entry.at:%d}" for entry in found.found] == ["20", "21", "22", "23"]


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.sampled_from(View))
@settings(max_examples=200, deadline=None)
def test_pages_are_whole_weeks_and_follow_each_other(day: date, view: View) -> None:
    page = CalendarPage.around(view, day)
    assert page.first <= day <= page.last
    assert (page.first.weekday(), page.last.weekday()) == (0, 6)
    back = CalendarPage.around(view, CalendarPage.around(view, page.after).before)
    assert (back.first, back.last) == (page.first, page.last)
    assert page.before < day < page.after
    assert len(page.days([], ZoneInfo("UTC"))) % 7 == 0


@pytest.mark.parametrize("query", ["", "?view=week", "?at=2026-02-01", "?view=week&at=1899-01-01", "?at=9999-12-31"])
def test_the_page_shows_itself(as_owner: Browser, daily: Mailing, query: str) -> None:
    assert as_owner.get(f"/calendar{query}").status_code == 200


def test_a_page_that_is_none(as_owner: Browser) -> None:
    assert as_owner.get("/calendar?view=year").status_code == 400
    assert as_owner.get("/calendar?at=yesterday").status_code == 404


def link(browser: Browser) -> str:
    browser.post("/calendar/feed")
    page = browser.get("/calendar").text
    return page.split('readonly value="')[1].split('"')[0].removeprefix("http://golub.test")


def test_a_link_shows_the_coming_runs_to_whoever_has_it(as_owner: Browser, web: Browser, daily: Mailing) -> None:
    address = link(as_owner)
    with time_machine.travel(NOW, tick=False):
        answer = web.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    lines = answer.text.split("\r\n")
    starts = [line for line in lines if line.startswith("DTSTART")]
    assert starts[0] == "DTSTART:20261121T090000Z"
    assert len(starts) == 92
    assert lines[0] == "BEGIN:VCALENDAR"
    assert all(len(line.encode()) <= 75 for line in lines)


def test_a_link_ends_when_revoked_replaced_or_when_its_owner_is_blocked(
    as_owner: Browser, web: Browser, owner: User
) -> None:
    first = link(as_owner)
    second = link(as_owner)
    assert web.get(first).status_code == 404
    assert web.get(second).status_code == 200
    assert web.get(second.replace(".ics", "x.ics")).status_code == 404
    as_owner.post("/calendar/feed/revoke")
    assert web.get(second).status_code == 404
    third = link(as_owner)
    owner.blocked_at, owner.block_reason = utcnow(), "spam"
    db.session.commit()
    assert web.get(third).status_code == 404


def test_a_paused_mailing_is_not_promised(as_owner: Browser, web: Browser, daily: Mailing) -> None:
    daily.paused_at = NOW
    db.session.commit()
    address = link(as_owner)
    with time_machine.travel(NOW, tick=False):
        assert "DTSTART" not in web.get(address).text


def test_a_rule_is_exported_as_one_repeating_event(as_owner: Browser, daily: Mailing) -> None:
    lines = as_owner.get(f"/mailings/{daily.id}/rule.ics").text.split("\r\n")
    (rule,) = [line for line in lines if line.startswith("RRULE")]
    theirs = rrulestr(rule, dtstart=datetime(2026, 11, 10, 9))
    assert theirs[11] == datetime(2026, 11, 21, 9)
    daily.holiday_country, daily.holiday_rule = "RU", HolidayRule.SKIP
    db.session.commit()
    with time_machine.travel(NOW, tick=False):
        text = as_owner.login(daily.owner).get(f"/mailings/{daily.id}/rule.ics").text.replace("\r\n ", "")
    assert "RDATE;TZID=UTC:20261122T090000,20261123T090000" in text


def test_lateness_counts_from_when_a_run_could_begin(as_owner: Browser, owner: User, app: Flask) -> None:
    from mailer.calendar.punctuality import lateness_by_day

    mailing = make_mailing(owner)
    moment = NOW - timedelta(hours=3)
    for number, (late_by, due_after) in enumerate([(2, 0), (400, 0), (3605, 3600)]):
        due_at = moment + timedelta(seconds=due_after)
        make_run(
            mailing, moment, occurrence=f"2026-11-20T0{number}:00", due_at=due_at,
            started_at=moment + timedelta(seconds=late_by),
        )  # fmt: skip
    make_run(mailing, moment, occurrence="manual:x", started_at=moment + timedelta(hours=2))
    today = lateness_by_day(whose_asked({}, owner), NOW, "UTC")[-1]
    assert (today.started_count, today.median, today.most) == (3, 5.0, 400.0)
    assert as_owner.get("/calendar/punctuality").status_code == 200
