"""A country's holidays, as an owner keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine

from mailer.days_off import OWN, Change, OwnersDaysOff, countries, is_known
from mailer.extensions import db
from mailer.models.holiday_change import HolidayChange
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.recurrence.moments import upcoming
from mailer.sending.runs.next_run import set_next_run
from tests.conftest import Browser
from tests.factories import make_mailing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november_2026() -> Iterator[None]:
    """Whenever the tests are run, the pages too have the time of `NOW`."""
    with time_machine.travel(NOW, tick=True):
        yield


def last_working_days(owner: User) -> Mailing:
    """The scenario: every last working day at nine in Moscow."""
    mailing = make_mailing(
        owner, period="monthly", monthly_on="last_working_day", holiday_country="RU", timezone="Europe/Moscow",
        starts_local=datetime(2026, 11, 23, 9), ends_local=datetime(2027, 6, 1),
    )  # fmt: skip
    set_next_run(mailing, NOW)
    db.session.commit()
    return mailing


def test_every_last_working_day_but_holidays_until_june(owner: User) -> None:
    found = [moment.key[:10] for moment in upcoming(last_working_days(owner).rule, NOW, 20)]
    assert found == [
        "2026-11-30",
        "2026-12-30",  # the 31st is a day off, put there from January
        *("2027-01-29", "2027-02-26", "2027-03-31", "2027-04-30", "2027-05-31"),
    ]


def test_a_change_moves_the_next_run(owner: User, as_owner: Browser) -> None:
    mailing = last_working_days(owner)
    day = {"country": "RU", "day": "2026-11-30"}
    as_owner.post("/calendar/holidays", data=day | {"name": "Our birthday"})
    db.session.refresh(mailing)
    assert mailing.next_run_local == datetime(2026, 11, 27, 9)
    as_owner.post("/calendar/holidays/forget", data=day)
    db.session.refresh(mailing)
    assert mailing.next_run_local == datetime(2026, 11, 30, 9)


def test_a_holiday_can_be_made_a_working_day(owner: User, as_owner: Browser, stranger: User) -> None:
    theirs = last_working_days(stranger)
    mailing = last_working_days(owner)
    as_owner.post("/calendar/holidays/work", data={"country": "RU", "day": "2026-12-31"})
    db.session.expire_all()
    assert [moment.key[:10] for moment in upcoming(mailing.rule, NOW, 2)] == ["2026-11-30", "2026-12-31"]
    assert [moment.key[:10] for moment in upcoming(theirs.rule, NOW, 2)] == ["2026-11-30", "2026-12-30"]


def test_a_working_saturday_can_be_set_and_is_seen(owner: User, as_owner: Browser) -> None:
    saturday = {"country": "RU", "day": "2026-12-05"}
    mailing = make_mailing(
        owner, period="daily", holiday_country="RU", holiday_rule="skip", weekends_are_off=True,
        starts_local=datetime(2026, 12, 4, 9), timezone="Europe/Moscow",
    )  # fmt: skip
    as_owner.post("/calendar/holidays", data=saturday | {"kind": "work"})
    db.session.expire_all()
    assert [moment.key[:10] for moment in upcoming(mailing.rule, NOW, 3)] == ["2026-12-04", "2026-12-05", "2026-12-07"]
    page = as_owner.get("/calendar/holidays?country=RU&year=2026").text
    assert "5 декабря" in page and "рабочий день" in page and "изменено вами" in page
    as_owner.post("/calendar/holidays/forget", data=saturday)
    assert "5 декабря" not in as_owner.get("/calendar/holidays?country=RU&year=2026").text


def test_a_state_has_holidays_of_its_own(as_owner: Browser) -> None:
    whole = as_owner.get("/calendar/holidays?country=DE&year=2026").text
    bavaria = as_owner.get("/calendar/holidays?country=DE&year=2026&state=BY").text
    assert ("6 января" in whole, "6 января" in bavaria) == (False, True)
    day = {"country": "DE", "state": "BY", "day": "2026-01-06"}
    answer = as_owner.post("/calendar/holidays/work", data=day)
    assert answer.headers["Location"].endswith("?country=DE&state=BY&year=2026")
    assert as_owner.get("/calendar/holidays?country=FR&year=2026&state=BY").status_code == 200  # just changed


def test_a_weekend_that_the_country_works_is_shown(as_owner: Browser) -> None:
    assert "1 ноября" in as_owner.get("/calendar/holidays?country=RU&year=2025").text


def test_a_day_that_is_none_is_refused_and_what_was_typed_kept(as_owner: Browser) -> None:
    answer = as_owner.post("/calendar/holidays", data={"country": "RU", "day": "2026-02-31", "name": "A feast"})
    assert (answer.status_code, 'value="A feast"' in answer.text) == (422, True)
    assert db.session.query(HolidayChange).count() == 0


@pytest.mark.parametrize("query", ["country=XX", "country=RU&year=1066", "year=next"])
def test_what_is_not_there(as_owner: Browser, query: str) -> None:
    assert as_owner.get(f"/calendar/holidays?{query}").status_code == 404


@pytest.mark.parametrize("query", ["", "country=RU&year=2027", "country=own", "country=DE"])
def test_the_page_shows_itself(as_owner: Browser, query: str) -> None:
    assert as_owner.get(f"/calendar/holidays?{query}").status_code == 200


def test_transferred_days_follow_the_country() -> None:
    russia = OwnersDaysOff("RU", language="ru")
    assert russia.holiday(date(2026, 5, 1)) == "Праздник Весны и Труда"
    assert russia.holiday(date(2026, 12, 31))  # a Thursday, off for a Sunday in January
    assert russia.is_worked(date(2027, 2, 20))  # a Saturday, worked for a Monday


def test_no_country_but_ones_own_dates() -> None:
    own = OwnersDaysOff(OWN, frozenset({Change(date(2026, 7, 1), "Holidays"), Change(date(2026, 7, 4), None)}))
    assert own.holiday(date(2026, 7, 1)) == "Holidays"
    assert own.holiday(date(2026, 1, 1)) is None
    assert own.is_worked(date(2026, 7, 4))


def test_countries_have_names() -> None:
    assert ("RU", "Россия") in countries("ru")
    assert ("DE", "Germany") in countries("en")
    assert is_known("KZ") and is_known(OWN) and not is_known("XX") and not is_known("")
