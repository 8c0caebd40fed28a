"""What a sentence means on the day it is said, and how zones and rules read in the words of RFC 5545."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice

import pytest

from mailer.recurrence.candidates import next_month
from mailer.recurrence.outlook import outlook
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import Period, Rule, ShortMonth
from mailer.recurrence.sentence import understand
from mailer.recurrence.sentence_reading import NotUnderstood
from mailer.recurrence.vtimezone import vtimezone

FIRST_OF_JUNE = date(2026, 6, 1)


def test_nothing_comes_after_the_last_run_that_a_number_allows() -> None:
    rule = Rule(Period.DAILY, datetime(2026, 5, 1, 10), "UTC", run_limit=2)
    coming = islice(outlook(rule, None, datetime(2026, 4, 1, tzinfo=UTC)), 9)
    assert [prospect.moment.local.day for prospect in coming] == [1, 2]


def test_the_last_day_of_a_short_month_stands_in_for_one_that_it_has_not() -> None:
    said = {}
    for day in (28, 29, 30, 31):
        rule = Rule(Period.MONTHLY, datetime(2026, 1, 1, 9), "UTC", month_days=(day,), short_month=ShortMonth.LAST)
        ((_start, said[day]),) = recurrences(rule) or []
    assert {day: line.removeprefix("RRULE:FREQ=MONTHLY;") for day, line in said.items()} == {
        28: "BYMONTHDAY=28",
        29: "BYMONTHDAY=28,29;BYSETPOS=-1",
        30: "BYMONTHDAY=28,29,30;BYSETPOS=-1",
        31: "BYMONTHDAY=-1",
    }


def test_after_december_comes_january_of_the_next_year() -> None:
    assert [next_month(date(2026, month, 28)) for month in (11, 12)] == [date(2026, 12, 1), date(2027, 1, 1)]


def test_until_a_month_that_began_today_means_the_next_one_of_that_name() -> None:
    assert understand("every day at 9:00 until June", FIRST_OF_JUNE).until == datetime(2027, 6, 1)
    assert understand("every day at 9:00 until July", FIRST_OF_JUNE).until == datetime(2026, 7, 1)


def test_a_number_of_times_ends_a_rule() -> None:
    heard = understand("every day at 9:00 10 times", FIRST_OF_JUNE)
    assert (heard.run_limit, heard.unit, len(heard.times)) == (
        10,
        understand("every day at 9:00", FIRST_OF_JUNE).unit,
        1,
    )


@pytest.mark.parametrize("text", ["every day at 25 pm", "every day at 24", "каждый день в 9 : 00"])
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    with pytest.raises(NotUnderstood):
        understand(text, FIRST_OF_JUNE)


def rules_of(zone: str) -> list[str]:
    return [line.removeprefix("RRULE:FREQ=YEARLY;") for line in vtimezone(zone, 2026) if line.startswith("RRULE")]


def test_clocks_that_change_by_a_rule_are_said_by_it_and_others_by_their_dates() -> None:
    assert rules_of("Europe/Berlin") == ["BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"]
    assert rules_of("America/New_York") == ["BYMONTH=3;BYDAY=2SU", "BYMONTH=11;BYDAY=1SU"]
    # In spring on the Saturday before the last Sunday: the fourth or the last, and neither in every year.
    assert rules_of("America/Nuuk") == ["BYMONTH=10;BYDAY=-1SU"]
    assert sum(line.startswith("RDATE") for line in vtimezone("America/Nuuk", 2026)) == 30


def test_a_zone_is_described_from_the_turn_of_the_year_on() -> None:
    starts = [line for line in vtimezone("Europe/Berlin", 2026) if line.startswith("DTSTART")]
    assert starts == ["DTSTART:20251230T000000", "DTSTART:20260329T020000", "DTSTART:20261025T030000"]
    assert {line for line in vtimezone("UTC", 2026) if line.startswith("TZOFFSET")} == {
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0000",
    }, "RFC 5545, 3.3.14: there is no -0000"
