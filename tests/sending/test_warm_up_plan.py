"""What a day makes of the next one's ceiling."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from mailer.models.warm_up import CeilingReason
from mailer.sending.warm_up_plan import DayPassed, Plan, days_ahead, days_needed, days_until_warm, next_day

PLAN = Plan(200, 50, 50_000)
GOOD = DayPassed(1000, 1000)


def test_the_usual_plan_is_warm_on_its_fifteenth_day() -> None:
    ceilings = list(days_ahead(PLAN, 200))
    assert ceilings[:6] == [200, 300, 450, 675, 1012, 1518]
    assert (len(ceilings), ceilings[-1]) == (14, 38_893)
    assert days_until_warm(PLAN, 200) == 14
    assert next_day(PLAN, DayPassed(38_893, 38_893)) == (None, CeilingReason.WARM)
    assert next_day(PLAN, DayPassed(None, 1, was_told=True)) == (None, CeilingReason.WARM)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (GOOD, (1500, CeilingReason.GROWN)),
        (replace(GOOD, used_count=800), (1500, CeilingReason.GROWN)),
        (replace(GOOD, used_count=799), (1000, CeilingReason.UNUSED)),
        (replace(GOOD, refused_count=10, bounced_count=9), (1500, CeilingReason.GROWN)),
        (replace(GOOD, refused_count=10, bounced_count=10), (1000, CeilingReason.BOUNCES)),
        (replace(GOOD, complained_count=1), (1000, CeilingReason.COMPLAINTS)),
        (DayPassed(2000, 2000, complained_count=1), (3000, CeilingReason.GROWN)),
        (DayPassed(2000, 0, complained_count=1), (2000, CeilingReason.COMPLAINTS)),
        (DayPassed(2000, 0, bounced_count=9), (2000, CeilingReason.UNUSED)),
        (replace(GOOD, was_told=True), (500, CeilingReason.HALVED)),
        (DayPassed(30, 30, was_told=True), (20, CeilingReason.HALVED)),  # a tenth of the start is the lowest
        (DayPassed(20, 20, was_told=True), (20, CeilingReason.HALVED)),
        (DayPassed(1, 1), (2, CeilingReason.GROWN)),
    ],
)
def test_only_a_good_day_that_was_used_lets_it_grow(day: DayPassed, end: tuple[int | None, CeilingReason]) -> None:
    assert next_day(PLAN, day) == end


def test_while_the_growth_is_paused_only_words_move_it() -> None:
    held = replace(PLAN, is_held=True)
    assert next_day(held, GOOD) == (1000, CeilingReason.HELD)
    assert next_day(held, replace(GOOD, was_told=True)) == (500, CeilingReason.HALVED)


def test_how_many_days_an_audience_takes() -> None:
    assert days_needed(PLAN, 200, 0, 200) == (0, 200)
    assert days_needed(PLAN, 200, 150, 51) == (1, 50)
    assert days_needed(PLAN, 200, 0, 3000) == (5, 200)  # 200 + 300 + 450 + 675 + 1012 are 2637
    assert days_needed(PLAN, 200, 500, 300) == (1, 0)
    assert days_needed(PLAN, None, 0, 10**6) == (0, 10**6)
    assert days_needed(PLAN, 38_893, 0, 10**6) == (1, 38_893)  # then it is warm


def test_while_the_growth_is_paused_every_day_ahead_is_as_today() -> None:
    held = replace(PLAN, is_held=True)
    assert list(islice(days_ahead(held, 10), 4)) == [10] * 4
    assert days_needed(held, 10, 4, 240) == (24, 6)
    assert days_needed(held, 10, 10, 10) == (1, 0)
    assert days_needed(held, 1, 0, 10**9) == (10**9 - 1, 1)
