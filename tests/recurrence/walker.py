"""Random rules, each compared with a walk over every day: `make test-calendar ARGS="--rules 5000 --seed 7"`.

Prints the first rule that differs, and how many days of rules agreed.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from random import Random
from typing import Any

from mailer.recurrence.days import Note
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import count_moments, everything, latest_moment, moments, next_moment
from mailer.recurrence.rule import MonthlyOn, Period, Rule, ShortMonth
from tests.recurrence.oracle import DAY, FARTHEST, Holidays, Walked, walk

ZONES = [
    *("Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Africa/Casablanca", "America/St_Johns", "Pacific/Chatham", "Asia/Tehran", "America/Santiago", "UTC"),
    *("Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Nuuk", "Asia/Gaza", "Pacific/Kwajalein", "Asia/Dhaka"),
]
WEEKENDS = [frozenset({6, 7}), frozenset({5, 6}), frozenset({5}), frozenset({5, 7}), frozenset({7})]
# What a month or a spell of days off may still bring or take away at the end of a walk.
UNSURE = timedelta(days=FARTHEST + 35)


class Disagreement(AssertionError):
    """The engine and the walk differ."""


def random_rule(random: Random) -> Rule:
    """A rule of any kind, bent by anything; about half of what may bend it is not there."""
    year = random.choice([random.randint(1993, 2012), random.randint(2020, 2050), random.randint(2090, 2110)])
    first = datetime(year, random.randint(1, 12), random.randint(1, 28), *random_time(random))
    first += random.randint(0, 3) * DAY
    period = random.choice(list(Period))
    kind = random.choice(list(MonthlyOn))
    weeks = [*range(1, 6), -1, -2] if kind is MonthlyOn.WEEKDAY else [*range(1, 24), -1, -2, -3]
    dates = some(random, [first + timedelta(minutes=random.randint(0, 900_000)) for _ in range(12)], 0)
    is_bent = random.random() < 0.5
    return Rule(
        period,
        first,
        random.choice(ZONES),
        first + timedelta(minutes=random.randint(1, 3_000_000)) if random.random() < 0.3 else None,
        every=random.choice([1, 1, 1, 2, 3, random.randint(1, 40)]),
        weekdays=some(random, range(1, 8)),
        months=some(random, range(1, 13)),
        monthly_on=kind,
        month_days=some(random, [*range(1, 32), *range(-28, 0), 29, 30, 31, -1, -1]),
        month_weeks=some(random, weeks),
        month_weekdays=some(random, range(1, 8)),
        short_month=random.choice(list(ShortMonth)),
        dates=tuple(sorted({first, *dates})) if period is Period.DATES else (),
        also_at=tuple(time(*random_time(random)) for _ in range(random.choice([0, 0, 1, 2, 5]))),
        run_limit=random.randint(1, 300) if random.random() < 0.2 else None,
        skipped_count=random.choice([0, 0, 7]),
        exceptions=frozenset(first.date() + random.randint(0, 700) * DAY for _ in range(random.choice([0, 0, 5, 100]))),
        holiday_rule=random.choice(list(HolidayRule)) if is_bent else HolidayRule.IGNORE,
        weekends_are_off=is_bent and random.random() < 0.5,
        days_off=random_holidays(random) if random.random() < 0.6 else None,
    )


def random_time(random: Random) -> tuple[int, int]:
    """Often where clocks change."""
    return random.choice([(0, 0), (2, 30), (3, 0), (0, 30), (23, 59), (random.randint(0, 23), random.randint(0, 59))])


def random_holidays(random: Random) -> Holidays:
    """Single days, and sometimes weeks in a row."""
    days = [date(2028, 1, 1) + random.randint(0, 365) * DAY for _ in range(random.randint(0, 15))]
    begins = date(2028, 1, 1) + random.randint(0, 300) * DAY
    days += [begins + number * DAY for number in range(random.choice([0, 0, 10, 66]))]
    worked = [date(2028, 1, 1) + random.randint(0, 365) * DAY for _ in range(random.choice([0, 8]))]
    return Holidays(
        frozenset((day.month, day.day) for day in days),
        random.choice(WEEKENDS),
        frozenset((day.month, day.day) for day in worked),
    )


def some(random: Random, of: Sequence[Any], least: int = 0) -> tuple[Any, ...]:
    """A few of them, or none."""
    return tuple(random.sample(list(of), random.choice([least, least, 1, 2, min(4, len(of))])))


def compare(rule: Rule, random: Random, years: int) -> int:
    """Disagreement, or how many days were walked."""
    last = rule.first.date() + years * 365 * DAY
    sure = datetime.combine(last, time(), UTC) - UNSURE
    walked = walk(rule, last)
    expected = [pair for pair in walked.fires if pair[1] < sure]
    found = [(moment.local, moment.at) for moment in takewhile(lambda moment: moment.at < sure, moments(rule))]
    agree(rule, "moments", found, expected)
    for _ in range(4):
        at = datetime.combine(rule.first.date(), time(), UTC) + random.random() * (sure - DAY - _start(rule))
        if random.random() < 0.5 and expected:
            at = random.choice(expected)[1]  # just then
        following, latest = next_moment(rule, at), latest_moment(rule, at)
        later = next((pair for pair in expected if pair[1] > at), None)
        is_known = later is not None or following is None or following.at < sure
        if is_known:
            agree(rule, f"next after {at}", following and (following.local, following.at), later)
        before = [pair for pair in expected if pair[1] <= at]
        agree(rule, f"latest at {at}", latest and (latest.local, latest.at), before[-1] if before else None)
        agree(rule, f"count until {at}", count_moments(rule, at), len(before))
    _compare_left_out(rule, walked, expected, sure)
    return (last - rule.first.date()).days


def _start(rule: Rule) -> datetime:
    return datetime.combine(rule.first.date(), time(), UTC)


def _compare_left_out(rule: Rule, walked: Walked, expected: list[tuple[datetime, datetime]], sure: datetime) -> None:
    """Days left out are told with their reason, as long as the rule goes on."""
    if rule.run_limit is not None or not expected:
        return
    ends = min(sure, expected[-1][1]).date() - 3 * DAY
    told: dict[date, Note | None] = {}
    for moment in takewhile(lambda moment: moment.at < sure, everything(rule)):
        if moment.is_left_out and moment.local.date() < ends:
            told[moment.local.date()] = next(note for note in moment.notes if note in moment_reasons)
    expected_days = {day: reason for day, reason in walked.left_out.items() if day < ends}
    agree(rule, "left out", {day: str(note) for day, note in told.items()}, expected_days)


moment_reasons = (Note.HOLIDAY, Note.EXCEPTION, Note.BEFORE_START, Note.AFTER_END)


def agree(rule: Rule, what: str, found: object, expected: object) -> None:
    """Disagreement that names the rule and the first difference."""
    if found == expected:
        return
    if isinstance(found, list) and isinstance(expected, list):
        place = next((n for n, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
        place = min(len(found), len(expected)) if place is None else place
        found, expected = found[place : place + 3], expected[place : place + 3]
    raise Disagreement(f"{what} of {rule!r}\nengine: {found}\nwalk:   {expected}")


def main() -> None:
    """Walk, and say how far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--years", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else clock.time_ns() % 1_000_000
    walked = 0
    for number in range(options.rules):
        random = Random(seed + number)
        try:
            walked += compare(random_rule(random), random, options.years)
        except Disagreement as difference:
            sys.exit(f"seed {seed + number}: {difference}")
        if number % 1000 == 999:
            print(f"{number + 1} rules, {walked} rule-days", flush=True)
    print(f"{options.rules} rules, {walked} rule-days: all agree (seed {seed})")


if __name__ == "__main__":
    main()
