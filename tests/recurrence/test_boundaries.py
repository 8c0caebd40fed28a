"""The last day that still counts, and the first that does not; words of a sentence that few people use."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import takewhile

import pytest

from mailer.recurrence.counting import count_moments
from mailer.recurrence.moments import moments
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import Period, Rule, RuleError, zone_named
from mailer.recurrence.sentence import understand
from mailer.recurrence.sentence_reading import NotUnderstood

MOSCOW, BERLIN = "Europe/Moscow", "Europe/Berlin"
TODAY = date(2026, 11, 30)


def test_a_run_on_the_very_day_of_the_end_is_among_those_counted() -> None:
    rule = Rule(Period.DAILY, datetime(2026, 5, 1, 10), MOSCOW, datetime(2026, 5, 3, 12), run_limit=9)
    assert [moment.local.day for moment in moments(rule)] == [1, 2, 3]


@pytest.mark.parametrize("change", [datetime(2027, 3, 28), datetime(2027, 10, 31)], ids=["spring", "autumn"])
def test_moments_beside_a_clock_change_are_counted_as_they_come(change: datetime) -> None:
    times = tuple(time(hour, minute) for hour in (1, 2, 3) for minute in (0, 30))
    rule = Rule(Period.DAILY, change.replace(year=2026, day=1), BERLIN, also_at=times)
    for day in (change - timedelta(days=1), change, change + timedelta(days=99)):
        until = day.replace(hour=12, tzinfo=zone_named(BERLIN))
        coming = takewhile(lambda moment: moment.at <= until, moments(rule))  # noqa: B023 - used up in this turn
        assert count_moments(rule, until) == len(list(coming)), day


@pytest.mark.parametrize(
    ("period", "dates", "code"),
    [
        (Period.DATES, (), "dates"),
        (Period.DAILY, (datetime(2026, 5, 1, 10),), "dates"),
        (Period.DATES, (datetime(2026, 5, 1, 10),), ""),
    ],
)
def test_dates_belong_to_a_list_of_dates_alone(period: Period, dates: tuple[datetime, ...], code: str) -> None:
    try:
        Rule(period, datetime(2026, 5, 1, 10), MOSCOW, dates=dates)
    except RuleError as error:
        assert error.code == code
    else:
        assert code == ""


def test_every_year_is_said_in_the_words_of_the_calendar() -> None:
    first = datetime(2026, 3, 8, 9)
    said = [recurrences(Rule(Period.YEARLY, first, MOSCOW, every=every)) for every in (1, 2)]
    assert said == [
        [["DTSTART;TZID=Europe/Moscow:20260308T090000", "RRULE:FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=8"]],
        [["DTSTART;TZID=Europe/Moscow:20260308T090000", "RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=8"]],
    ]


def test_how_a_sentence_says_its_end() -> None:
    ends = {
        "каждый день в 9:00 до конца года": datetime(2027, 1, 1),
        "every day at 9:00 until the end of the month": datetime(2026, 12, 1),
        "every day at 9:00 through 15 December 2027": datetime(2027, 12, 16),
        "каждый день в 9:00 до 1 июня 2027 года": datetime(2027, 6, 1),
    }
    assert {text: understand(text, TODAY).until for text in ends} == ends
    with pytest.raises(NotUnderstood):
        understand("every day at 9:00 until the end of the week", TODAY)


def test_how_a_sentence_says_its_days_and_hours() -> None:
    assert understand("15 и 30 числа в 9:00", TODAY).days == [15, 30]
    assert understand("через день в 9:00", TODAY).every == 2
    assert understand("every 4 hours from 8:30 to 17", TODAY).times == [time(8, 30), time(12, 30), time(16, 30)]
    refused = {
        "через неделю в 9:00": ("через", "неделю"),
        "every 2 hours from 19 to 9": ("2", "hours", "from", "19", "to", "9"),
        "every 2 hours at 9:00": ("2", "hours"),
        "32 числа в 9:00": ("32", "числа"),
        "the third working week of the month at 9:00": ("week", "month"),
    }
    for text, words in refused.items():
        with pytest.raises(NotUnderstood) as refusal:
            understand(text, TODAY)
        assert refusal.value.words == words


@pytest.mark.parametrize("text", ["٣", "٣٣.١١.٢٠٢٦", "каждый день в 9:00 до ٣"])
def test_digits_of_other_scripts_are_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        understand(text, TODAY)
