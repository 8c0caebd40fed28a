"""The calendar of the form: what is saved, what is refused beside its field, what the preview says."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import islice
from typing import Any

import pytest

from mailer.extensions import db
from mailer.mailings.calendar_plan import Calendar
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.recurrence.moments import moments
from tests.conftest import Browser
from tests.factories import make_message
from tests.mailings.form_reader import fields_of

BASE = {"starts_at": "2030-01-07T09:00", "ends_at": "", "timezone": "Europe/Moscow"}  # a Monday


@pytest.fixture
def fields(owner: User) -> dict[str, Any]:
    """A whole form but the calendar."""
    return {"name": "News", "message_id": make_message(owner).id, "audience": "everyone", "in_doubt_rule": "hold"}


def saved(browser: Browser, fields: dict[str, Any], **calendar: Any) -> Mailing:
    answer = browser.post("/mailings/new", data=fields | BASE | calendar)
    assert answer.status_code == 303, answer.text
    return db.session.query(Mailing).one()


def edit_form(browser: Browser, mailing: Mailing) -> dict[str, list[str]]:
    """What a browser would send if nothing was typed."""
    return fields_of(browser.get(f"/mailings/{mailing.id}/edit").text, "mailing-form")


def keys(mailing: Mailing, count: int = 3) -> list[str]:
    return [moment.key for moment in islice(moments(mailing.rule), count)]


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        ({"period": "daily", "every": "3"}, ["2030-01-07T09:00", "2030-01-10T09:00", "2030-01-13T09:00"]),
        ({"period": "daily", "also_at": "18:30; 12:00"}, ["2030-01-07T09:00", "2030-01-07T12:00", "2030-01-07T18:30"]),
        ({"period": "weekly", "weekdays": [5, 1]}, ["2030-01-07T09:00", "2030-01-11T09:00", "2030-01-14T09:00"]),
        ({"period": "weekly", "every": "2"}, ["2030-01-07T09:00", "2030-01-21T09:00", "2030-02-04T09:00"]),
        ({"period": "monthly", "month_days": "31"}, ["2030-01-31T09:00", "2030-02-28T09:00", "2030-03-31T09:00"]),
        ({"period": "monthly", "month_days": "15, last"}, ["2030-01-15T09:00", "2030-01-31T09:00", "2030-02-15T09:00"]),
        (
            {"period": "monthly", "month_days": "31", "short_month": "skip"},
            ["2030-01-31T09:00", "2030-03-31T09:00", "2030-05-31T09:00"],
        ),
        (
            {"period": "monthly", "monthly_on": "weekday", "month_weeks": [1, 3], "month_weekdays": [2]},
            ["2030-01-15T09:00", "2030-02-05T09:00", "2030-02-19T09:00"],
        ),
        (
            {"period": "monthly", "monthly_on": "working_day", "working_days": "last", "holiday_country": "RU"},
            ["2030-01-31T09:00", "2030-02-28T09:00", "2030-03-29T09:00"],
        ),
        ({"period": "daily", "run_limit": "2"}, ["2030-01-07T09:00", "2030-01-08T09:00"]),
        (
            {"period": "daily", "exception_dates": "08.01.2030, 2030-01-09"},
            ["2030-01-07T09:00", "2030-01-10T09:00", "2030-01-11T09:00"],
        ),
        (
            {"period": "monthly", "starts_at": "2030-05-01T09:00", "holiday_country": "RU", "holiday_rule": "after"},
            ["2030-05-02T09:00", "2030-06-01T09:00", "2030-07-01T09:00"],
        ),
        (
            {"period": "yearly", "months": [2], "monthly_on": "weekday", "month_weeks": [-1], "month_weekdays": [5]},
            ["2030-02-22T09:00", "2031-02-28T09:00", "2032-02-27T09:00"],
        ),
        (
            {
                "period": "daily",
                "holiday_rule": "skip",
                "weekends_are_off": "y",
                "starts_at": "2030-03-08T09:00",
                "holiday_country": "RU",
            },
            ["2030-03-11T09:00", "2030-03-12T09:00", "2030-03-13T09:00"],
        ),
        (
            {"period": "monthly", "month_days": "16", "holiday_rule": "before", "weekends_are_off": "y"},
            ["2030-01-16T09:00", "2030-02-15T09:00", "2030-03-15T09:00"],
        ),
        (
            {"period": "dates", "starts_at": "", "dates": "05.04.2030 12:00, 2030-03-01 9:00"},
            ["2030-03-01T09:00", "2030-04-05T12:00"],
        ),
        ({"period": "daily", "ends_at": ["2030-01-08", ""]}, ["2030-01-07T09:00", "2030-01-08T09:00"]),
        ({"period": "daily", "ends_at": ["2030-01-08", "09:00"]}, ["2030-01-07T09:00"]),
        (
            {"period": "daily", "months": [2], "every": "20"},
            ["2030-02-16T09:00", "2031-02-11T09:00", "2032-02-06T09:00"],
        ),
        ({"period": "once", "weekdays": [3], "run_limit": "5", "every": "2"}, ["2030-01-07T09:00"]),
    ],
)
def test_every_kind_of_calendar_is_saved_as_asked(
    as_owner: Browser, fields: dict[str, Any], calendar: dict[str, Any], expected: list[str]
) -> None:
    mailing = saved(as_owner, fields, **calendar)
    assert keys(mailing) == expected
    assert as_owner.get(f"/mailings/{mailing.id}").status_code == 200
    again = as_owner.post(f"/mailings/{mailing.id}/edit", data=edit_form(as_owner, mailing))
    assert again.status_code == 303
    db.session.refresh(mailing)
    assert keys(mailing) == expected


def test_a_person_can_read_it_in_the_database(as_owner: Browser, fields: dict[str, Any]) -> None:
    mailing = saved(
        as_owner, fields, period="weekly", weekdays=[1, 3], also_at="18:00", exception_dates="09.01.2030",
        holiday_country="RU", holiday_rule="skip", window_opens="08:00", window_closes="20:00",
        window_weekdays=[1, 2, 3, 4, 5], window_skips_holidays="y", late_limit="60",
    )  # fmt: skip
    row = db.session.execute(db.text("SELECT * FROM mailings WHERE id = :id"), {"id": mailing.id}).one()
    assert (row.weekdays, row.also_at, row.exception_dates) == ([1, 3], [time(18)], [date(2030, 1, 9)])
    assert (row.holiday_country, row.holiday_rule, row.late_limit_minutes) == ("RU", "skip", 60)
    assert (row.window_opens, row.window_closes, row.window_weekdays) == (time(8), time(20), [1, 2, 3, 4, 5])
    assert row.window_skips_holidays is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period": "daily", "every": "0"}, "every"),
        ({"period": "daily", "every": "often"}, "every"),
        ({"period": "weekly", "weekdays": ["8"]}, "weekdays"),
        ({"period": "monthly", "month_days": "32"}, "month_days"),
        ({"period": "monthly", "monthly_on": "full moon"}, "monthly_on"),
        ({"period": "monthly", "monthly_on": "working_day", "working_days": "24"}, "working_days"),
        ({"period": "monthly", "month_weeks": ["6"]}, "month_weeks"),
        ({"period": "yearly", "months": ["13"]}, "months"),
        ({"period": "dates", "dates": "01.03.2030"}, "dates"),
        ({"period": "dates", "dates": ""}, "dates"),
        ({"period": "daily", "starts_at": ""}, "starts_at"),
        ({"period": "daily", "ends_at": ["", "09:00"]}, "ends_at"),
        ({"period": "daily", "run_limit": "9", "starts_at": "2001-01-01T09:00"}, "starts_at"),
        ({"period": "daily", "also_at": "25:00"}, "also_at"),
        ({"period": "daily", "also_at": "noon"}, "also_at"),
        ({"period": "daily", "exception_dates": "31.02.2030"}, "exception_dates"),
        ({"period": "daily", "run_limit": "1001"}, "run_limit"),
        ({"period": "daily", "holiday_country": "XX"}, "holiday_country"),
        ({"period": "daily", "holiday_rule": "dance"}, "holiday_rule"),
        ({"period": "daily", "window_opens": "09:00"}, "window_closes"),
        ({"period": "daily", "window_closes": "09:00"}, "window_closes"),
        ({"period": "daily", "window_opens": "9 o'clock", "window_closes": "10:00"}, "window_opens"),
        ({"period": "daily", "late_limit": "7"}, "late_limit"),
        (
            {"period": "daily", "exception_dates": "07.01.2030", "ends_at": "2030-01-08T00:00"},
            "period",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    as_owner: Browser, fields: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    answer = as_owner.post("/mailings/new", data=fields | BASE | changes)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert db.session.query(Mailing).count() == 0


class TestThePreview:
    def text(self, browser: Browser, owner: User, language: str = "en", **calendar: Any) -> str:
        owner.language = language
        db.session.commit()
        answer = browser.get("/mailings/moments", query_string=BASE | calendar)
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    def test_in_plain_words(self, as_owner: Browser, owner: User) -> None:
        text = self.text(as_owner, owner, period="monthly", monthly_on="weekday", month_weeks="-1", month_weekdays="5")
        assert "On the last Friday of every month at 09:00." in text
        assert "Fri, 25 January 2030, 09:00" in text

    def test_in_plain_russian(self, as_owner: Browser, owner: User) -> None:
        text = self.text(
            as_owner, owner, "ru", period="weekly", every="2", weekdays=[1, 3], also_at="18:00",
            ends_at="2030-06-01T00:00", window_opens="08:00", window_closes="20:00",
        )  # fmt: skip
        assert "Раз в две недели по понедельникам и средам в 09:00 и 18:00, по 31 мая 2030 включительно" in text
        assert "письма уходят с 08:00 до 20:00" in text
        assert "пн, 7 января 2030, 09:00" in text

    def test_wrong_words_are_named(self, as_owner: Browser, fields: dict[str, Any]) -> None:
        wrong = {"period": "daily", "also_at": "9:00, 25:00", "exception_dates": "31.02.2030"}
        text = as_owner.post("/mailings/new", data=fields | BASE | wrong).text
        assert "Такого времени нет: 25:00." in text
        assert "Такой даты нет: 31.02.2030." in text

    def test_a_holiday_left_out_is_shown_with_its_name(self, as_owner: Browser, owner: User) -> None:
        text = self.text(
            as_owner, owner, "ru", period="daily", starts_at="2030-04-30T09:00", holiday_country="RU",
            holiday_rule="skip",
        )  # fmt: skip
        assert "<s>ср, 1 мая 2030, 09:00</s>" in text
        assert "Праздник Весны и Труда" in text
        assert text.count("<li>") == 10

    def test_sending_hours_say_when_mails_will_leave(self, as_owner: Browser, owner: User) -> None:
        text = self.text(as_owner, owner, period="once", window_opens="10:00", window_closes="12:00")
        assert "outside the sending hours: emails leave from Mon, 7 January, 10:00" in text

    def test_hours_that_never_open_are_said_at_once(self, as_owner: Browser, owner: User) -> None:
        assert "agenda-words" in self.text(as_owner, owner, period="daily")

    def test_clock_changes(self, as_owner: Browser, owner: User) -> None:
        calendar = {"period": "daily", "timezone": "Europe/Berlin", "starts_at": "2030-03-30T02:30"}
        assert "the clocks skip 02:30 that day" in self.text(as_owner, owner, **calendar)


def test_a_name_changed_alone_leaves_the_calendar_as_it_runs(as_owner: Browser, fields: dict[str, Any]) -> None:
    mailing = saved(as_owner, fields, period="daily")
    since, mailing.next_run_at = mailing.calendar_since, datetime.fromisoformat("2030-01-05T06:00+00:00")
    db.session.commit()
    form = edit_form(as_owner, mailing) | {"name": "Another"}
    as_owner.post(f"/mailings/{mailing.id}/edit", data=form)
    db.session.refresh(mailing)
    assert (mailing.name, mailing.calendar_since) == ("Another", since)
    assert mailing.next_run_at == datetime.fromisoformat("2030-01-05T06:00+00:00")


@pytest.mark.parametrize(
    ("former", "expected"),
    [
        ({}, ["01-31", "02-29", "03-31"]),
        ({"month_day": 30}, ["02-29", "03-30", "04-30"]),
        ({"monthly_on": "last_day"}, ["01-31", "02-29", "03-31"]),
        ({"monthly_on": "last_working_day"}, ["01-31", "02-29", "03-29"]),
        ({"monthly_on": "weekday", "month_week": -1, "month_weekday": 5}, ["02-23", "03-29", "04-26"]),
        ({"monthly_on": "weekday", "month_week": 2}, ["02-14", "03-13", "04-10"]),
    ],
)
def test_rows_of_the_version_before_mean_what_they_meant(former: dict[str, Any], expected: list[str]) -> None:
    row = Mailing(period="monthly", starts_local=datetime(2024, 1, 31, 9), timezone="Europe/Moscow", **former)
    assert [key[5:10] for key in keys(row)] == expected
    calendar = Calendar.of(row)
    copied = Mailing()
    calendar.apply_to(copied)
    assert (copied.month_day, copied.month_weekday, Calendar.of(copied)) == (None, None, calendar)
    assert keys(copied) == keys(row)


@pytest.mark.parametrize(
    "beside", [{"late_limit": "%"}, {"window_opens": "²"}, {"holiday_country": "??"}, {"timezone": "x"}]
)
def test_a_sentence_beside_what_cannot_stand_is_read_all_the_same(
    as_owner: Browser, fields: dict[str, Any], beside: dict[str, str]
) -> None:
    answer = as_owner.post(
        "/mailings/new", data=fields | BASE | {"sentence": "каждый день в 10:00", "read": "1"} | beside
    )
    assert answer.status_code == 200 and "10:00" in answer.text
    shown = as_owner.get("/mailings/sentence", query_string=BASE | {"sentence": "?", "ends_at": "0001-01-01T00:00"})
    assert (shown.status_code, 'value="0001-01-01"' in shown.text) == (200, True)
