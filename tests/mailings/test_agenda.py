"""What a calendar's preview says: closed hours, runs in each other's way, holidays in a row, years not decreed yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.mailings.agenda import Agenda, agenda_of
from mailer.mailings.calendar_plan import Calendar
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import Period

NOW = datetime(2026, 12, 3, 12, tzinfo=UTC)  # a Thursday


def agenda(now: datetime = NOW, **values: Any) -> Agenda:
    """That of a daily calendar at 20:00 in Moscow."""
    start = values.pop("starts_local", datetime(2026, 12, 4, 20))
    return agenda_of(Calendar(Period.DAILY, start, values.pop("ends_local", None), "Europe/Moscow", **values), now, 3)


@pytest.fixture(autouse=True)
def in_english(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("en"):
        yield


def test_evenings_wait_for_office_hours_and_the_weekend_is_in_their_way() -> None:
    shown = agenda(window_opens=time(9), window_closes=time(18), window_weekdays=(1, 2, 3, 4, 5))
    said = [(line.text, line.is_left_out, *line.notes) for line in shown.lines]
    waits = "outside the sending hours: emails leave from "
    assert said == [
        ("Fri, 4 December, 20:00", False, waits + "Mon, 7 December, 09:00"),
        ("5–6 December", True, "left out: the previous run would still be waiting to be sent", "2 runs"),
        ("Mon, 7 December, 20:00", False, waits + "Tue, 8 December, 09:00"),
        ("Tue, 8 December, 20:00", False, waits + "Wed, 9 December, 09:00"),
    ]
    assert shown.zone_text == "Moscow"


def test_thirty_days_left_out_are_one_line_and_the_runs_after_them_are_shown() -> None:
    days = tuple(date(2026, 12, day) for day in range(4, 32))
    shown = agenda(exception_dates=days)
    assert [(line.text, line.is_left_out) for line in shown.lines] == [
        ("4–31 December", True),
        ("Fri, 1 January 2027, 20:00", False),
        ("Sat, 2 January 2027, 20:00", False),
        ("Sun, 3 January 2027, 20:00", False),
    ]
    assert shown.lines[0].notes == ["left out, as you asked", "28 runs"]


def test_what_the_end_cuts_off_and_what_begins_behind_closed_doors_is_said() -> None:
    shown = agenda(
        datetime(2026, 12, 4, 18, tzinfo=UTC), ends_local=datetime(2026, 12, 5, 8), window_opens=time(9),
        window_closes=time(18),
    )  # fmt: skip
    assert (shown.starts_at_once, shown.leaves_text) == (False, None)
    assert [line.notes for line in shown.lines] == [["nobody would get it: the end comes before the sending hours"]]
    begun = agenda(datetime(2026, 12, 4, 18, tzinfo=UTC), window_opens=time(9), window_closes=time(18))
    assert (begun.starts_at_once, begun.leaves_text) == (True, "Sat, 5 December, 09:00")


def test_holidays_of_a_year_without_a_decree_are_marked_as_expected() -> None:
    shown = agenda(
        datetime(2027, 12, 20, tzinfo=UTC), starts_local=datetime(2027, 12, 31, 20), holiday_country="RU",
        holiday_rule=HolidayRule.SKIP,
    )  # fmt: skip
    assert all("expected" in line.notes for line in shown.lines if not line.is_left_out)
    assert any("Official holidays from 2028 on are not published yet (Russia)" in text for text in shown.remarks)
    assert not any("published" in text for text in agenda(holiday_country="US", holiday_rule="skip").remarks)
