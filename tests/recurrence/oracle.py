"""The calendar's promises (docs/calendar.md) by brute force: every day is asked for itself whether it is named.

Nothing of the engine's arithmetic is used; a rule is read as data. Slow on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.recurrence.rule import Rule

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FARTHEST = 60  # days that a moment is moved at most


@dataclass(frozen=True)
class Holidays:
    """The same days every year, given as month and day; some days of the weekend are worked."""

    days: frozenset[tuple[int, int]] = frozenset()
    weekend: frozenset[int] = frozenset({6, 7})
    worked: frozenset[tuple[int, int]] = frozenset()

    def holiday(self, day: date) -> str | None:
        """As the engine asks."""
        return "holiday" if (day.month, day.day) in self.days else None

    def is_weekend(self, day: date) -> bool:
        """As the engine asks."""
        return day.isoweekday() in self.weekend

    def is_worked(self, day: date) -> bool:
        """As the engine asks."""
        return (day.month, day.day) in self.worked


@dataclass(frozen=True)
class Walked:
    """What a walk found: wall-clock times that fire with their real moments, and days left out with the reason."""

    fires: list[tuple[datetime, datetime]]
    left_out: dict[date, str]


def walk(rule: Rule, last: date) -> Walked:
    """From the rule's first day to `last`."""
    labels: set[datetime] = set()
    left_out: dict[date, str] = {}
    day = rule.first.date()
    while day <= last:
        if is_named(rule, day):
            target, reason = fate(rule, day)
            if reason is None:
                labels |= {datetime.combine(target, at) for at in times_on(rule, day)}
            elif reason != "weekend":
                left_out.setdefault(target, reason)
        day += DAY
    zone = ZoneInfo(rule.zone)
    end = real(rule.until, zone) if rule.until is not None else None
    found: list[tuple[datetime, datetime]] = []
    for at, label in sorted((real(label, zone), label) for label in labels if label >= rule.first):
        is_twice = bool(found) and found[-1][1] == at  # two labels at one moment fire once
        if not is_twice and (end is None or at < end):
            found.append((label, at))
    if rule.run_limit is not None:
        found = found[: rule.run_limit + rule.skipped_count]
    fired = {label.date() for label in labels}
    return Walked(found, {each: reason for each, reason in left_out.items() if each not in fired})


def times_on(rule: Rule, day: date) -> set[time]:
    """When it fires on a day that it names."""
    if rule.period == "dates":
        return {at.time() for at in rule.dates if at.date() == day}
    return {rule.first.time(), *rule.also_at}


def is_named(rule: Rule, day: date) -> bool:
    """Whether the calendar alone names this day."""
    first = rule.first.date()
    if rule.period == "once":
        return day == first
    if rule.period == "dates":
        return any(at.date() == day for at in rule.dates)
    if rule.months and day.month not in rule.months:
        return False
    if rule.period == "daily":
        return (day - first).days % rule.every == 0
    if rule.period == "weekly":
        weeks = (monday_of(day) - monday_of(first)).days // 7
        return weeks % rule.every == 0 and day.isoweekday() in (rule.weekdays or [first.isoweekday()])
    if rule.period == "yearly":
        if (day.year - first.year) % rule.every or not (rule.months or day.month == first.month):
            return False
    elif ((day.year - first.year) * 12 + day.month - first.month) % rule.every:
        return False
    return is_that_of_month(rule, day)


def monday_of(day: date) -> date:
    """The Monday of its week."""
    while day.isoweekday() != 1:
        day -= DAY
    return day


def is_that_of_month(rule: Rule, day: date) -> bool:
    """Whether it is a day of the month that the rule means."""
    before, after = day.day, days_left(day)
    if rule.monthly_on == "day":
        wanted = set(rule.month_days or [rule.first.day])
        stands_in = after == 1 and rule.short_month == "last" and any(number > before for number in wanted)
        return before in wanted or -after in wanted or stands_in
    if rule.monthly_on == "weekday":
        if day.isoweekday() not in (rule.month_weekdays or [rule.first.isoweekday()]):
            return False
        ordinals = {(before - 1) // 7 + 1, -((after - 1) // 7 + 1)}
    else:
        if not works(rule, day):
            return False
        month = [day.replace(day=number) for number in range(1, before + after)]
        earlier = sum(works(rule, other) for other in month if other <= day)
        later = sum(works(rule, other) for other in month if other >= day)
        ordinals = {earlier, -later}
    return not ordinals.isdisjoint(rule.month_weeks or [1])


def days_left(day: date) -> int:
    """In the month, the day itself counted."""
    left = 1
    while (day + left * DAY).month == day.month:
        left += 1
    return left


def works(rule: Rule, day: date) -> bool:
    """Whether it is a working day."""
    off = rule.days_off
    if off is None:
        return day.isoweekday() < 6
    return off.holiday(day) is None and (not off.is_weekend(day) or off.is_worked(day))


def fate(rule: Rule, day: date) -> tuple[date, str | None]:
    """Where a named day ends up, and why it is left out; None when it fires."""
    by_date = rule.period in ("once", "dates", "daily") or (
        rule.period in ("monthly", "yearly") and rule.monthly_on == "day"
    )
    is_holiday = rule.days_off is not None and rule.days_off.holiday(day) is not None
    is_bent = is_holiday or (rule.weekends_are_off and by_date and not works(rule, day))
    target, reason = day, None
    if is_bent and rule.holiday_rule == "skip":
        reason = "holiday" if is_holiday else "weekend"
    elif is_bent and rule.holiday_rule != "ignore":
        step = -DAY if rule.holiday_rule == "before" else DAY
        near = [day + number * step for number in range(FARTHEST)]
        target = next((other for other in near if works(rule, other)), day)
    if reason != "weekend" and (day in rule.exceptions or target in rule.exceptions):
        return target, "exception"
    if reason is None and target != day:
        times = sorted(times_on(rule, day))
        if datetime.combine(target, times[-1]) < rule.first:
            return day, "before_start"
        if rule.until is not None and datetime.combine(target, times[0]) >= rule.until > datetime.combine(
            day, times[0]
        ):
            return day, "after_end"
    return target, reason


def real(label: datetime, zone: ZoneInfo) -> datetime:
    """The first real moment at which the clocks show `label`; in a gap, later by the gap."""
    offsets = offsets_around(zone, label.date())
    shown = [at for offset in set(offsets) if shows(at := (label - offset).replace(tzinfo=UTC), zone, label)]
    return min(shown) if shown else (label - offsets[0]).replace(tzinfo=UTC)


def shows(at: datetime, zone: ZoneInfo, label: datetime) -> bool:
    """Whether the clocks show `label` then."""
    return at.astimezone(zone).replace(tzinfo=None) == label


@lru_cache(maxsize=200_000)
def offsets_around(zone: ZoneInfo, day: date) -> list[timedelta]:
    """The offsets in force around a day, in order of time."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = [(noon + hours * HOUR).astimezone(zone).utcoffset() for hours in range(-44, 45, 4)]
    return [offset for offset in found if offset is not None]
