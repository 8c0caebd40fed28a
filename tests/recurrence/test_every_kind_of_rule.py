"""Every kind of rule: against a walk over all days, and against dateutil where RFC 5545 has words for it."""

from __future__ import annotations

from datetime import datetime, time
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rruleset, rrulestr

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import everything, moments, upcoming
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import MonthlyOn, Period, Rule, ShortMonth
from tests.recurrence.oracle import Holidays, real
from tests.recurrence.walker import compare, random_rule

HOLIDAYS = Holidays(frozenset([(1, 1), (5, 1), (5, 2), (12, 31)]), worked=frozenset([(11, 1)]))


@pytest.mark.parametrize("seed", range(0, 60, 15))
def test_the_moments_are_those_of_a_walk_over_all_days(seed: int) -> None:
    """A short turn of `make test-calendar`."""
    for number in range(seed, seed + 15):
        random = Random(number)
        compare(random_rule(random), random, years=4)


@pytest.mark.parametrize("seed", range(0, 150, 50))
def test_what_is_exported_means_the_same_to_dateutil(seed: int) -> None:
    exported_count = 0
    for number in range(seed, seed + 50):
        rule = random_rule(Random(number))
        exported = recurrences(rule)
        if exported is None:
            continue
        exported_count += 1
        zone = ZoneInfo(rule.zone)
        found = {real(moment.local, zone) for moment in islice(moments(rule), 200)}
        theirs = sorted({real(at.replace(tzinfo=None), zone) for at in islice(read_back(rule, exported), 200)})
        assert sorted(found) == theirs[: len(found)], rule
        assert len(theirs) == len(found) or len(theirs) == 200
    assert exported_count > 10


def read_back(rule: Rule, exported: list[list[str]]) -> rruleset:
    """The exported lines as dateutil understands them."""
    theirs = rruleset()
    for lines in exported:
        # dateutil wants the clock's zone left out where UNTIL is in UTC: laid on the clock afterwards.
        text = "\n".join(line for line in lines if not line.startswith(("DTSTART", "EXDATE")))
        start = datetime.strptime(lines[0].rpartition(":")[2], "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(rule.zone))
        if text:
            theirs.rrule(rrulestr(text, dtstart=start))
        else:
            theirs.rdate(start)
        for line in lines:
            if line.startswith("EXDATE"):
                theirs.exdate(datetime.strptime(line.rpartition(":")[2], "%Y%m%dT%H%M%S").replace(tzinfo=start.tzinfo))
    return theirs


FIRST = datetime(2027, 1, 1, 9)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"month_days": (1, 15)}, ["01-01", "01-15", "02-01", "02-15"]),
        ({"month_days": (15, -1)}, ["01-15", "01-31", "02-15", "02-28"]),
        (
            {"monthly_on": MonthlyOn.WEEKDAY, "month_weeks": (1, 3), "month_weekdays": (2,)},
            ["01-05", "01-19", "02-02", "02-16"],
        ),
        ({"monthly_on": MonthlyOn.WEEKDAY, "month_weeks": (5,), "month_weekdays": (5,)}, ["01-29", "04-30", "07-30"]),
        ({"monthly_on": MonthlyOn.WORKING_DAY, "month_weeks": (-2,)}, ["01-28", "02-25", "03-30"]),
        ({"monthly_on": MonthlyOn.WORKING_DAY, "month_weeks": (3,), "days_off": HOLIDAYS}, ["01-06", "02-03", "03-03"]),
        ({"period": Period.YEARLY, "months": (3,), "month_days": (8,)}, ["03-08", "2028-03-08"]),
        (
            {"period": Period.YEARLY, "months": (2,), "monthly_on": MonthlyOn.WEEKDAY, "month_weeks": (-1,),
             "month_weekdays": (5,)},
            ["02-26", "2028-02-25"],
        ),
        ({"period": Period.YEARLY, "months": (2,), "month_days": (29,)}, ["02-28", "2028-02-29", "2029-02-28"]),
        (
            {"period": Period.YEARLY, "months": (2,), "month_days": (29,), "short_month": ShortMonth.SKIP},
            ["2028-02-29", "2032-02-29"],
        ),
        (
            {"period": Period.DAILY, "holiday_rule": HolidayRule.SKIP, "weekends_are_off": True, "days_off": HOLIDAYS},
            ["01-04", "01-05", "01-06", "01-07", "01-08", "01-11"],
        ),
        (
            {"month_days": (15,), "holiday_rule": HolidayRule.BEFORE, "weekends_are_off": True},
            ["01-15", "02-15", "03-15", "04-15", "05-14"],
        ),
        ({"period": Period.DAILY, "months": (3, 9), "every": 10}, ["03-02", "03-12", "03-22", "09-08"]),
        (
            {"period": Period.DATES, "dates": (FIRST, datetime(2027, 4, 5, 12))},
            ["01-01", "04-05"],
        ),
        (  # a moved first moment is not lost without a word: the next one begins
            {"holiday_rule": HolidayRule.BEFORE, "days_off": HOLIDAYS, "month_days": (1,)},
            ["02-01", "03-01", "04-01", "04-30"],
        ),
    ],
)  # fmt: skip
def test_what_people_say(asked: dict[str, object], expected: list[str]) -> None:
    rule = Rule(**{"period": Period.MONTHLY, "first": FIRST, "zone": "Europe/Moscow"} | asked)  # type: ignore[arg-type]
    assert [moment.key[:10] for moment in islice(moments(rule), len(expected))] == [
        day if len(day) == 10 else f"2027-{day}" for day in expected
    ]


def test_what_moves_out_of_the_range_is_told() -> None:
    rule = Rule(
        Period.MONTHLY, FIRST, "Europe/Moscow", datetime(2027, 5, 2), holiday_rule=HolidayRule.BEFORE, days_off=HOLIDAYS
    )
    assert next(everything(rule)).notes == ("moved", "before_start")
    after = Rule(
        Period.MONTHLY, datetime(2027, 4, 1, 9), "Europe/Moscow", datetime(2027, 5, 2),
        holiday_rule=HolidayRule.AFTER, days_off=HOLIDAYS,
    )  # fmt: skip
    last = list(everything(after))[-1]
    assert (last.key, last.notes, last.is_left_out) == ("2027-05-01T09:00", ("moved", "after_end"), True)


def test_a_time_that_the_clocks_skip_passes_the_next_one() -> None:
    rule = Rule(Period.DAILY, datetime(2027, 3, 28, 2, 30), "Europe/Berlin", also_at=(time(3), time(3, 30)))
    found = [(moment.key[11:], f"{moment.at:%H:%M}") for moment in islice(moments(rule), 3)]
    assert found == [("03:00", "01:00"), ("02:30", "01:30"), ("02:30", "00:30")]  # 03:30 is the same moment as 02:30


def test_own_dates_in_any_number_cost_no_time() -> None:
    """Rules over which the former engine walked moment by moment; counted in days looked at, not in seconds."""
    days_off = Counting(frozenset((month, day) for month in range(1, 13) for day in range(1, 32) if month != 6))
    often = tuple(time(hour) for hour in range(24))
    rule = Rule(
        Period.DAILY, datetime(1970, 1, 1, 9, 30), "Europe/Moscow", also_at=often,
        holiday_rule=HolidayRule.SKIP, days_off=days_off,
    )  # fmt: skip
    after = real(datetime(2027, 7, 1), ZoneInfo("UTC"))
    assert [moment.key for moment in upcoming(rule, after, 2)] == ["2028-06-01T00:00", "2028-06-01T01:00"]
    assert days_off.asked < 400


class Counting(Holidays):
    """Holidays that count how often they are asked."""

    asked = 0

    def holiday(self, day: object) -> str | None:
        Counting.asked += 1
        return super().holiday(day)  # type: ignore[arg-type]


def test_a_rule_of_several_times_skips_those_before_its_start() -> None:
    rule = Rule(Period.DAILY, datetime(2026, 5, 1, 12), "UTC", also_at=(time(9), time(18)))
    assert [moment.key[5:] for moment in islice(moments(rule), 4)] == [
        "05-01T12:00", "05-01T18:00", "05-02T09:00", "05-02T12:00",
    ]  # fmt: skip
