"""A rule as RFC 5545 says it, where RFC 5545 can say it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile

from mailer.recurrence.days import Note, firing_days
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import Moment, moments, resolve
from mailer.recurrence.rule import MonthlyOn, Period, Rule, ShortMonth, zone_named
from mailer.recurrence.vtimezone import DAYS

WORKING_DAYS = "MO,TU,WE,TH,FR"


def recurrences(rule: Rule) -> list[list[str]] | None:
    """The lines DTSTART, RRULE and EXDATE, one list for each time of the day; None where the language has no words.

    It has none for holidays, for days moved, nor for a list of dates. DTSTART counts as a first moment there, so it is
    the first one that the rule really has.
    """
    frequency = None if _is_beyond_words(rule) else _frequency(rule)
    if frequency is None:
        return None
    ahead = list(islice(moments(rule), 4 * len(rule.times) + 1))
    repeating = [f"RRULE:{';'.join([frequency, *_until(rule)])}"] if frequency else []
    left_out = _left_out(rule)
    return [lines for at in rule.times if (lines := _of_time(rule, at, ahead, repeating, left_out))]


def _left_out(rule: Rule) -> list[date]:
    """The exceptions on which the rule would fire: at an EXDATE that is none of its dates ical.js reads no further."""
    if not rule.exceptions:
        return []
    last = max(rule.exceptions)
    coming = takewhile(lambda found: found.day <= last, firing_days(rule, min(rule.exceptions)))
    return [found.named for found in coming if Note.EXCEPTION in found.notes]


def _is_beyond_words(rule: Rule) -> bool:
    looks_at_days_off = rule.holiday_rule is not HolidayRule.IGNORE or rule.is_by_working_day
    return rule.period is Period.DATES or rule.moves or (rule.days_off is not None and looks_at_days_off)


def _of_time(
    rule: Rule, at: time, ahead: Iterable[Moment], repeating: list[str], left_out: Iterable[date]
) -> list[str]:
    """The lines of one time of the day; `ahead` are the rule's first moments."""
    first = next((moment.local for moment in ahead if moment.local.time() == at), None)
    if first is None:
        return []
    zone = f";TZID={rule.zone}:"
    lines = [f"DTSTART{zone}{_local(first)}", *repeating]
    gone = [datetime.combine(day, at) for day in left_out if datetime.combine(day, at) >= first]
    return [*lines, *(f"EXDATE{zone}{_local(local)}" for local in gone)]


def _frequency(rule: Rule) -> str | None:
    """FREQ and what follows; empty for a single moment, None where there are no words for it."""
    every = f";INTERVAL={rule.every}" if rule.every > 1 else ""
    months = f";BYMONTH={_listed(rule.months)}" if rule.months else ""
    only_working = f";BYDAY={WORKING_DAYS}" if rule.minds_weekends and rule.holiday_rule is HolidayRule.SKIP else ""
    match rule.period:
        case Period.ONCE:
            return None if only_working else ""
        case Period.DAILY:
            return f"FREQ=DAILY{every}{months}{only_working}"
        case Period.WEEKLY:
            days = sorted(set(rule.weekdays)) or [rule.first.isoweekday()]
            return f"FREQ=WEEKLY{every}{months};WKST=MO;BYDAY=" + ",".join(DAYS[day - 1] for day in days)
        case Period.MONTHLY:
            days_of_month = _days_of_month(rule, only_working)
            return f"FREQ=MONTHLY{every}{months};{days_of_month}" if days_of_month else None
        case Period.YEARLY:
            # Each year is every month of that name, which has the words of months; each second year has not.
            months = f";BYMONTH={_listed(rule.months or (rule.first.month,))}"
            days_of_month = _days_of_month(rule, only_working)
            if days_of_month is None or (every and "BYSETPOS" in days_of_month):
                return None
            return f"FREQ={'YEARLY' if every else 'MONTHLY'}{every}{months};{days_of_month}"
        case _:
            return None


def _days_of_month(rule: Rule, only_working: str) -> str | None:
    weeks = sorted(set(rule.month_weeks)) or [1]
    match rule.monthly_on:
        case MonthlyOn.WEEKDAY:
            weekdays = sorted(set(rule.month_weekdays)) or [rule.first.isoweekday()]
            return "BYDAY=" + ",".join(f"{week}{DAYS[weekday - 1]}" for week in weeks for weekday in weekdays)
        case MonthlyOn.WORKING_DAY:
            return f"BYDAY={WORKING_DAYS};BYSETPOS={_listed(weeks)}"
        case MonthlyOn.DAY:
            return _numbered_days(rule, only_working)


def _numbered_days(rule: Rule, only_working: str) -> str | None:
    days = sorted(set(rule.month_days)) or [rule.first.day]
    if days[-1] <= 28 or rule.short_month is ShortMonth.SKIP:
        return f"BYMONTHDAY={_listed(days)}{only_working}"
    if len(days) > 1 or only_working:
        return None
    if days == [31]:
        return "BYMONTHDAY=-1"
    # The last of those that the month has.
    return f"BYMONTHDAY={_listed(range(28, days[0] + 1))};BYSETPOS=-1"


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in sorted(set(numbers)))


def _until(rule: Rule) -> list[str]:
    """UNTIL is a part of the rule there, ours is not. A number of runs is told by the last one: theirs would count the
    exceptions too."""
    ends = []
    if rule.until is not None:
        ends.append(resolve(rule.until, zone_named(rule.zone)).at - timedelta(seconds=1))
    if rule.run_limit is not None:
        ends.extend(moment.at for moment in deque(moments(rule), maxlen=1))
    return [f"UNTIL={min(ends).astimezone(UTC):%Y%m%dT%H%M%SZ}"] if ends else []


def _local(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"
