"""The arithmetic of a warm-up: what a day makes of the next one's ceiling. No database, no clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.models.warm_up import CeilingReason

USED_ENOUGH = 0.8  # of the ceiling: a day that was not used shows nothing
BOUNCES, COMPLAINTS = 0.02, 0.001  # of the day's mails: from so many on it grows no further
LOWEST = 10  # no ceiling falls below that part of the start
LONGEST = 400  # days that are looked ahead


@dataclass(frozen=True, slots=True)
class Plan:
    """What an administrator chose."""

    start_count: int
    growth_percent: int
    target_count: int
    is_held: bool = False  # the growth is paused


@dataclass(frozen=True, slots=True)
class DayPassed:
    """A provider's day that is over."""

    ceiling: int | None  # None: it was warm
    used_count: int
    refused_count: int = 0
    bounced_count: int = 0
    complained_count: int = 0
    was_told: bool = False  # that it is too much


def next_day(plan: Plan, day: DayPassed) -> tuple[int | None, CeilingReason]:
    """The ceiling of the day after, None for none any more, and why. What has become warm stays so."""
    if day.ceiling is None:
        return None, CeilingReason.WARM
    if day.was_told:
        return min(day.ceiling, max(day.ceiling // 2, lowest(plan))), CeilingReason.HALVED
    if plan.is_held:
        return day.ceiling, CeilingReason.HELD
    if day.refused_count + day.bounced_count >= BOUNCES * day.used_count > 0:
        return day.ceiling, CeilingReason.BOUNCES
    if day.complained_count and day.complained_count >= COMPLAINTS * day.used_count:
        return day.ceiling, CeilingReason.COMPLAINTS
    if day.used_count < USED_ENOUGH * day.ceiling:
        return day.ceiling, CeilingReason.UNUSED
    grown = grown_from(plan, day.ceiling)
    return (None, CeilingReason.WARM) if grown > plan.target_count else (grown, CeilingReason.GROWN)


def lowest(plan: Plan) -> int:
    """Below this no ceiling falls."""
    return max(1, plan.start_count // LOWEST)


def grown_from(plan: Plan, ceiling: int) -> int:
    """The next ceiling after a good day: at least one more."""
    return max(ceiling + 1, math.floor(ceiling * (100 + plan.growth_percent) / 100))


def days_ahead(plan: Plan, ceiling: int) -> Iterator[int]:
    """This ceiling and those of the days after it, if each day is good, up to the last before it is warm;
    the same again and again while the growth is paused."""
    for _day in range(LONGEST):
        yield ceiling
        ceiling = ceiling if plan.is_held else grown_from(plan, ceiling)
        if ceiling > plan.target_count:
            return


def days_until_warm(plan: Plan, ceiling: int) -> int:
    """In how many days there is no ceiling any more, if each day is good; of a plan whose growth is not paused."""
    return sum(1 for _ceiling in days_ahead(plan, ceiling))


def days_needed(plan: Plan, ceiling: int | None, used_count: int, people_count: int) -> tuple[int, int]:
    """On which day the last of so many people goes, if each day is good (0: today), and how many go today."""
    if ceiling is None:
        return 0, people_count
    today = max(0, ceiling - used_count)
    left = people_count - today
    if left <= 0:
        return 0, people_count
    if plan.is_held:
        return math.ceil(left / ceiling), today
    count = 0
    for count, room in enumerate(days_ahead(plan, ceiling)):
        if count and (left := left - room) <= 0:
            return count, today
    return count + 1, today
