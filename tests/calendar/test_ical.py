"""What we export, read back by the programs of others."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

import pytest
import recurring_ical_events
import time_machine
from icalendar import Calendar, Timezone

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import moments
from mailer.recurrence.rule import zone_named
from mailer.recurrence.vtimezone import vtimezone
from mailer.sending.runs.next_run import set_next_run
from tests.calendar.test_calendar import link
from tests.conftest import Browser
from tests.factories import make_mailing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES: list[dict[str, Any]] = [
    {"period": "monthly", "monthly_on": "last_day", "timezone": "Europe/Moscow"},
    {"period": "monthly", "month_day": 31, "timezone": "America/New_York"},
    {"period": "daily", "also_at": [time(2, 30), time(18)], "timezone": "America/New_York"},
    {"period": "weekly", "weekdays": [1, 5], "every": 2, "timezone": "Australia/Lord_Howe", "run_limit": 20},
    {"period": "daily", "exception_dates": [date(2026, 12, 31)], "timezone": "Africa/Casablanca"},
    {"period": "weekly", "holiday_country": "RU", "holiday_rule": HolidayRule.AFTER, "timezone": "Europe/Moscow"},
    {"period": "monthly", "monthly_on": "last_working_day", "holiday_country": "IL", "timezone": "Asia/Jerusalem"},
]


def saved(owner: User, **values: Any) -> Mailing:
    given: dict[str, Any] = {"starts_local": datetime(2026, 11, 26, 9, 15), "name": "Ё; a, b\\c"} | values
    mailing = make_mailing(owner, **given)
    set_next_run(mailing, NOW)
    db.session.commit()
    return mailing


def exported(browser: Browser, address: str, now: datetime = NOW, reader: User | None = None) -> Any:
    with time_machine.travel(now, tick=False):
        answer = (browser.login(reader) if reader else browser).get(address)
    assert answer.status_code == 200
    return Calendar.from_ical(answer.text)


@pytest.mark.parametrize("values", RULES)
def test_others_read_the_moments_that_will_be(web: Browser, owner: User, values: dict[str, Any]) -> None:
    mailing = saved(owner, **values)
    parsed = exported(web, f"/mailings/{mailing.id}/rule.ics", reader=owner)
    zones = [str(zone["TZID"]) for zone in parsed.walk("VTIMEZONE")]
    assert zones == [mailing.timezone]
    since, until = NOW - timedelta(microseconds=1), NOW + timedelta(days=450)
    found = recurring_ical_events.of(parsed).between(NOW, until)
    theirs = sorted(event["DTSTART"].dt.astimezone(UTC) for event in found)
    assert theirs == [moment.at for moment in takewhile(lambda one: one.at < until, moments(mailing.rule, since))]
    assert {str(event["SUMMARY"]) for event in found} == {mailing.name}
    if mailing.monthly_on == "last_day" or mailing.month_day == 31:
        assert parsed.walk("VEVENT")[0]["RRULE"]["BYMONTHDAY"] == [-1]


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Jerusalem", "Asia/Kolkata"]
)
def test_a_zone_described_has_the_clocks_of_the_zone(zone: str) -> None:
    parsed: Any = Timezone.from_ical("\r\n".join(vtimezone(zone, 2026)))
    described = parsed.to_tz(lookup_tzid=False)
    for number in range(4000):
        local = datetime(2026, 1, 1, 12) + timedelta(days=number, hours=number % 12)
        assert local.replace(tzinfo=described).utcoffset() == local.replace(tzinfo=zone_named(zone)).utcoffset(), local


def test_a_feed_keeps_its_names_when_the_hour_changes_and_says_what_is_newer(as_owner: Browser, owner: User) -> None:
    mailing = saved(owner, also_at=[time(12), time(18)])
    address = link(as_owner)
    before = exported(as_owner, address).walk("VEVENT")
    assert len(before) > 200, "no silent end"
    again = exported(as_owner, address, NOW + timedelta(seconds=5)).walk("VEVENT")
    names = ("UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "DTSTART")
    told = [[event[name].to_ical() for name in names] for event in before]
    assert told == [[event[name].to_ical() for name in names] for event in again[: len(before)]]
    mailing.starts_local += timedelta(minutes=30)
    mailing.version += 1
    set_next_run(mailing, NOW + timedelta(hours=1))
    db.session.commit()
    after = exported(as_owner, address).walk("VEVENT")
    assert [event["UID"] for event in after[: len(before)]] == [event["UID"] for event in before]
    assert {event["SEQUENCE"] for event in after} == {event["SEQUENCE"] + 1 for event in before}
    assert after[0]["LAST-MODIFIED"].dt > before[0]["LAST-MODIFIED"].dt


def test_more_than_a_calendar_holds_is_said(
    as_owner: Browser, web: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.calendar.entries.MOST_COMING", 5)
    saved(owner)
    *_, last = exported(as_owner, link(as_owner)).walk("VEVENT")
    assert (str(last["DTSTART"].dt), "Голубь" in last["SUMMARY"]) == ("2026-12-01", True)
    with time_machine.travel(NOW, tick=False):
        page = web.login(owner).get("/calendar?at=2026-12-01").text
    assert "показаны не все" in page
